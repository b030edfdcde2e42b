import { beforeEach, describe, expect, test } from "vitest";
import type { CodeCard, Landing, Person, Result, Route, Router, Session } from "../state/contract";
import { Arrival } from "./arrival.svelte";

const refused = (code: string) => ({ ok: false, failure: { code, retryAfterS: null } }) as const;
const ok = <T>(value: T) => ({ ok: true, value }) as const;

const ada: Person = { id: "p", name: "Ada" };

/** The server's side of a session, as far as arriving needs it. */
class Doorman implements Session {
  phase: Session["phase"] = "signed_out";
  me: Person | null = null;
  readonly lastName = "";
  readonly endedBy = null;
  nameAnswer: Result<Person> = ok(ada);
  /** Whether the server knows the session that the page believes in. */
  isKnown = true;

  constructor(readonly asked: string[]) {}

  signIn(name: string): Promise<Result<Person>> {
    this.asked.push(`sign in ${name}`);
    this.isKnown = true;
    return Promise.resolve(this.nameAnswer);
  }

  rename(name: string): Promise<Result<Person>> {
    this.asked.push(`rename ${name}`);
    return Promise.resolve(this.nameAnswer);
  }

  refresh(): Promise<void> {
    this.asked.push("who am I");
    if (this.phase === "loading") this.welcomeBack();
    else this.me = null;
    return Promise.resolve();
  }

  signOut(): Promise<Result> {
    return Promise.resolve(ok(undefined));
  }

  welcomeBack(): void {
    this.phase = "signed_in";
    this.me = ada;
  }
}

/** A street with one room, K7P3, that notes what is asked of it. */
class Street {
  readonly asked: string[] = [];
  readonly session = new Doorman(this.asked);
  wentTo: Route | null = null;

  readonly router: Router = { route: { screen: "landing" }, go: (route) => void (this.wentTo = route), href: () => "/" };
  readonly landing: Landing = {
    createRoom: (wish) => {
      this.asked.push(`create ${JSON.stringify(wish)}`);
      return Promise.resolve(this.session.isKnown ? ok("K7P3") : refused("unauthenticated"));
    },
    lookUp: (code): Promise<Result<CodeCard>> => {
      this.asked.push(`look up ${code}`);
      return Promise.resolve(code === "K7P3" ? ok({ code, title: "Friday", needsPassword: false }) : refused("not_found"));
    },
  };
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
    street.session.nameAnswer = refused("forbidden_characters");
    const arrival = new Arrival(street);
    arrival.name = "Ada\u202e";
    await arrival.createRoom();
    expect(arrival.problemOf("name")?.code).toBe("forbidden_characters");
    expect(street.wentTo).toBeNull();
  });

  test("renames a guest who types another name, and leaves the same one alone", async () => {
    street.session.welcomeBack();
    const arrival = new Arrival(street);
    await arrival.createRoom();
    arrival.name = "Ada L.";
    await arrival.createRoom();
    expect(street.asked).toEqual(["create {}", "rename Ada L.", "create {}"]);
  });

  test("before the server has said who is here asks that first, and makes no second guest", async () => {
    street.session.phase = "loading";
    const arrival = new Arrival(street);
    arrival.name = "Ada";
    await arrival.createRoom();
    expect(street.asked).toEqual(["who am I", "create {}"]);
  });

  test("after the session ended in another tab signs in anew and creates after all", async () => {
    street.session.welcomeBack();
    street.session.isKnown = false;
    const arrival = new Arrival(street);
    await arrival.createRoom();
    expect(street.asked).toEqual(["create {}", "who am I", "sign in Ada", "create {}"]);
    expect(street.wentTo).toEqual({ screen: "room", code: "K7P3" });
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
