/**
 * Who belongs to a room and who is here now, kept up by the room's log and by presence frames.
 * Law: a snapshot with the changes after it equals a fresh snapshot.
 */

import type { Change } from "../protocol/changes";
import type { Member, Person, Presence, Role, Snapshot } from "../protocol/frames";

export interface MemberView {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly here: boolean;
  readonly isMe: boolean;
}

type Roll = Pick<Snapshot, "me" | "members" | "member_count" | "here">;

export class Roster {
  readonly #me: Person;
  #members = new Map<string, Member>();
  #here = new Set<string>();
  /** Large rooms are listed in part, so the count is kept apart from the list. */
  #memberCount = 0;
  #view: readonly MemberView[] | null = null;

  constructor(me: Person) {
    this.#me = me;
  }

  reset({ me, members, member_count, here }: Roll): void {
    this.#members = new Map(members.map((member) => [member.person_id, member]));
    this.#here = new Set(here);
    // In a room of more than 500 the list may end before us.
    if (!this.#members.has(me.person_id)) {
      this.#members.set(me.person_id, { ...me, name: this.#me.name, joined_at: "" });
    }
    this.#memberCount = member_count;
    this.#view = null;
  }

  apply(change: Change): void {
    switch (change.kind) {
      case "member.joined":
        this.#join(change);
        break;
      case "member.left":
        this.#members.delete(change.personId);
        this.#here.delete(change.personId);
        this.#memberCount -= 1;
        break;
      case "member.renamed":
        this.#amend(change.person.id, { name: change.person.name });
        break;
      case "member.role":
        this.#amend(change.personId, { role: change.role });
        break;
      default:
        return;
    }
    this.#view = null;
  }

  presence({ joined, left, here }: Presence): void {
    if (here) this.#here = new Set(here);
    for (const id of joined ?? []) this.#here.add(id);
    for (const id of left ?? []) this.#here.delete(id);
    this.#view = null;
  }

  get memberCount(): number {
    return this.#memberCount;
  }

  get hereCount(): number {
    return this.#here.size;
  }

  get me(): MemberView | null {
    return this.members.find((member) => member.isMe) ?? null;
  }

  /** Who is here first, then by name. */
  get members(): readonly MemberView[] {
    this.#view ??= [...this.#members.values()].map((member) => this.#viewOf(member)).sort(byPresenceThenName);
    return this.#view;
  }

  /** The name that this person has now. */
  findName(id: string): string | undefined {
    return this.#members.get(id)?.name;
  }

  #join({ person: { id, name }, role, at }: Change & { readonly kind: "member.joined" }): void {
    this.#members.set(id, { person_id: id, name, role, joined_at: at });
    this.#memberCount += 1;
  }

  #amend(id: string, fields: Partial<Member>): void {
    const member = this.#members.get(id);
    if (member) this.#members.set(id, { ...member, ...fields });
  }

  #viewOf({ person_id: id, name, role }: Member): MemberView {
    return { id, name, role, here: this.#here.has(id), isMe: id === this.#me.id };
  }
}

// One collator for all comparisons: making one costs more than a thousand uses.
const { compare } = new Intl.Collator(undefined, { sensitivity: "base", numeric: true });

function byPresenceThenName(a: MemberView, b: MemberView): number {
  return Number(b.here) - Number(a.here) || compare(a.name, b.name) || (a.id < b.id ? -1 : 1);
}
