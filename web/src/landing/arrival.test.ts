import { beforeEach, describe, expect, test } from "vitest";
import type { CodeCard, Landing, Person, Result, Route, Router, Session } from "../state/contract";
import { Arrival } from "./arrival.svelte";

const refused = (code: string) => ({ ok: false, failure: { code, retryAfterS: null } }) as const;
const ok = <T>(value: T) => ({ ok: true, value }) as const;

/** A parlour of one room, K7P3, that notes what is asked of it. */
class Street {
  asked: string[] = [];
  me: Person | null = null;
  nameAnswer: Result<Person> = ok({ id: "p", name: "Ada" });
  wentTo: Route | null = null;

  readonly router = { go: (route: Route) => (this.wentTo = route) } as unknown as Router;
  readonly landing: Landing = {
    createRoom: (wish) => this.#answer(`create ${JSON.stringify(wish)}`, ok("K7P3")),
    lookUp: (code) => this.#answer<Result<CodeCard>>(`look up ${code}`, code === "K7P3" ? ok({ code, title: "Friday", needsPassword: false }) : refused("not_found")),
  };

  get session(): Session {
    return {
      me: this.me,
      lastName: "",
      signIn: (name: string) => this.#answer(`sign in ${name}`, this.nameAnswer),
      rename: (name: string) => this.#answer(`rename ${name}`, this.nameAnswer),
    } as unknown as Session;
  }

  #answer<T>(asked: string, answer: T): Promise<T> {
    this.asked.push(asked);
    return Promise.resolve(answer);
  }
}

let street: Street;
beforeEach(() => (street = new Street()));

describe("creating a room", () => {
  test("signs in, creates, and goes there", async () => {
    const arrival = new Arrival(street);
    arrival.name = " Ada ";
    arrival.title = "Friday";
    await arrival.createRoom();
    expect(street.asked).toEqual(["sign in Ada", 'create {"title":"Friday"}']);
    expect(street.wentTo).toEqual({ screen: "room", code: "K7P3" });
  });

  test("asks the server nothing without a name", async () => {
    const arrival = new Arrival(street);
    await arrival.createRoom();
    expect(arrival.problemOf("name")?.code).toBe("empty_name");
    expect(street.asked).toEqual([]);
  });

  test("shows a refused name at the name", async () => {
    street.nameAnswer = refused("forbidden_characters");
    const arrival = new Arrival(street);
    arrival.name = "Ada\u202e";
    await arrival.createRoom();
    expect(arrival.problemOf("name")?.code).toBe("forbidden_characters");
    expect(street.wentTo).toBeNull();
  });

  test("renames a guest who types another name, and leaves the same one alone", async () => {
    street.me = { id: "p", name: "Ada" };
    const arrival = new Arrival(street);
    await arrival.createRoom();
    arrival.name = "Ada L.";
    await arrival.createRoom();
    expect(street.asked).toEqual(["create {}", "rename Ada L.", "create {}"]);
  });

  test("pressed twice creates one room", async () => {
    const arrival = new Arrival(street);
    arrival.name = "Ada";
    await Promise.all([arrival.createRoom(), arrival.createRoom()]);
    expect(street.asked.filter((asked) => asked.startsWith("create"))).toHaveLength(1);
  });
});

describe("bringing a code", () => {
  test("goes to the room, however the code was written", async () => {
    const arrival = new Arrival(street);
    arrival.code = "k7p3";
    await arrival.bringCode();
    expect(street.wentTo).toEqual({ screen: "room", code: "K7P3" });
  });

  test("without a name leaves the question to the door", async () => {
    const arrival = new Arrival(street);
    arrival.code = "K7P3";
    await arrival.bringCode();
    expect(street.asked).toEqual(["look up K7P3"]);
  });

  test("of no room says so at the code", async () => {
    const arrival = new Arrival(street);
    arrival.code = "ZZZZ";
    await arrival.bringCode();
    expect(arrival.problemOf("code")?.code).toBe("not_found");
    expect(arrival.busy).toBeNull();
  });

  test("that is too short asks the server nothing", async () => {
    const arrival = new Arrival(street);
    arrival.code = "K7";
    await arrival.bringCode();
    expect(street.asked).toEqual([]);
    expect(arrival.problemOf("code")?.code).toBe("not_found");
  });
});
