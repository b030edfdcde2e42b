/**
 * The kinds of a room's log as a closed union. A kind that this version does not know, or
 * whose data it cannot read, becomes null: its seq still counts, and nothing else happens.
 */

import type { LogEvent, Message, Person, Role } from "./frames";
import { isPerson } from "./codec";
import { count, nullable, oneOf, optional, shape, text } from "./shapes";

interface Base {
  readonly seq: number;
  readonly at: string;
  /** The id of the person who did it. */
  readonly by: string;
}

export type Change = Base &
  (
    | { readonly kind: "room.created"; readonly title: string }
    | { readonly kind: "room.updated"; readonly title: string | undefined; readonly code: string | undefined }
    | { readonly kind: "member.joined"; readonly person: Person; readonly role: Role }
    | { readonly kind: "member.left"; readonly personId: string }
    | { readonly kind: "member.renamed"; readonly person: Person }
    | { readonly kind: "member.role"; readonly personId: string; readonly role: Role }
    | { readonly kind: "message.posted"; readonly message: Message }
  );

const role = oneOf("owner", "member");
const isCreated = shape<{ title: string }>({ title: text });
const isUpdated = shape<{ title?: string; code?: string }>({ title: optional(text), code: optional(text) });
const isJoined = shape<{ person_id: string; name: string; role: Role }>({ person_id: text, name: text, role });
const isLeft = shape<{ person_id: string }>({ person_id: text });
const isRenamed = shape<{ person_id: string; name: string }>({ person_id: text, name: text });
const isRole = shape<{ person_id: string; role: Role }>({ person_id: text, role });
type Posted = Pick<Message, "cid" | "body" | "reply_to" | "author">;
const isPosted = shape<Posted>({
  cid: text,
  body: text,
  reply_to: nullable(count),
  author: isPerson,
});

export function readChange({ seq, at, by, kind, data }: LogEvent): Change | null {
  const base = { seq, at, by };
  switch (kind) {
    case "room.created":
      return isCreated(data) ? { ...base, kind, title: data.title } : null;
    case "room.updated":
      return isUpdated(data) ? { ...base, kind, title: data.title, code: data.code } : null;
    case "member.joined":
      return isJoined(data)
        ? { ...base, kind, person: { id: data.person_id, name: data.name }, role: data.role }
        : null;
    case "member.left":
      return isLeft(data) ? { ...base, kind, personId: data.person_id } : null;
    case "member.renamed":
      return isRenamed(data) ? { ...base, kind, person: { id: data.person_id, name: data.name } } : null;
    case "member.role":
      return isRole(data) ? { ...base, kind, personId: data.person_id, role: data.role } : null;
    case "message.posted":
      return isPosted(data) ? { ...base, kind, message: newMessage(seq, at, data) } : null;
    default:
      return null;
  }
}

function newMessage(seq: number, at: string, { cid, body, reply_to, author }: Posted): Message {
  return { seq, cid, author, body, at, edited_at: null, deleted: false, reply_to };
}
