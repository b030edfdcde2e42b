import { expect, it } from "vitest";
import { readChange } from "../protocol/changes";
import { Roster } from "./roster";
import { alice, aMember, anEvent, aSnapshot, bob, carol } from "./testing/cast";

function aRoster(fields: Parameters<typeof aSnapshot>[0] = {}) {
  const roster = new Roster(alice);
  roster.reset(aSnapshot(fields));
  const happens = (kind: string, data: Record<string, unknown>) => {
    const change = readChange(anEvent(9, kind, bob, data));
    if (change) roster.apply(change);
  };
  return { roster, happens };
}

it("lists who is here first, then by name as people read it", () => {
  const members = ["Zoë", "émile", "Bo 10", "Bo 9"].map((name) => aMember({ id: name, name }));
  const { roster } = aRoster({ members: [aMember(alice, "owner"), ...members], here: ["Zoë"] });
  expect(roster.members.map(({ name }) => name)).toEqual(["Zoë", "Alice", "Bo 9", "Bo 10", "émile"]);
  expect(roster.me).toEqual({ id: "alice", name: "Alice", role: "owner", here: false, isMe: true });
});

it("follows who joins, leaves, is renamed and gets another role", () => {
  const { roster, happens } = aRoster();
  happens("member.joined", { person_id: "carol", name: "Carol", role: "member" });
  happens("member.renamed", { person_id: "bob", name: "Robert" });
  happens("member.role", { person_id: "bob", role: "owner" });
  expect(roster.members.map(({ name, role }) => `${name} ${role}`)).toEqual(["Alice owner", "Carol member", "Robert owner"]);
  expect(roster.memberCount).toBe(3);
  happens("member.left", { person_id: "bob" });
  expect(roster.findName("bob")).toBeUndefined();
  expect(roster.memberCount).toBe(2);
});

it("counts those who are not listed", () => {
  const { roster, happens } = aRoster({ member_count: 700 });
  happens("member.left", { person_id: "somebody-unlisted" });
  happens("member.joined", { person_id: "carol", name: "Carol", role: "member" });
  expect(roster.memberCount).toBe(700);
});

it("knows oneself even when the list ends before", () => {
  const { roster } = aRoster({ members: [aMember(bob)], member_count: 501 });
  expect(roster.me?.name).toBe("Alice");
});

it("follows presence, and takes `here` as the whole truth", () => {
  const { roster } = aRoster();
  const here = () => roster.members.filter((member) => member.here).map(({ id }) => id);
  roster.presence({ op: "presence", room: "r", joined: [bob.id, carol.id] });
  expect(here()).toEqual(["alice", "bob"]);
  expect(roster.hereCount).toBe(3);
  roster.presence({ op: "presence", room: "r", left: [alice.id, carol.id] });
  expect(here()).toEqual(["bob"]);
  roster.presence({ op: "presence", room: "r", here: [alice.id] });
  expect(here()).toEqual(["alice"]);
});
