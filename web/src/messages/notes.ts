// What happened in the room besides messages, as one line each.

import { t } from "../i18n";
import type { NoteRow } from "../state/contract";

/** U+2068 and U+2069 keep a right-to-left name from turning the sentence around. */
function isolated(name: string): string {
  return `\u2068${name}\u2069`;
}

export function sayNote(note: NoteRow["note"]): string {
  const who = isolated(note.who.name);
  const { notes } = t.messages;
  switch (note.what) {
    case "created":
      return notes.created(who);
    case "joined":
      return notes.joined(who);
    case "left":
      return notes.left(who);
    case "renamed":
      return notes.renamed(who, isolated(note.before));
    case "role":
      return note.role === "owner" ? notes.owner(who) : notes.member(who);
    case "retitled":
      return notes.retitled(who, isolated(note.title));
  }
}
