// What a person does before a room: says a name, then opens a room or brings a code. Knows the
// order of the steps and where each refusal belongs; the screens show its fields.

import { codeIn, SHORTEST_CODE } from "../ui/code";
import type { Failure, Parlour, Result } from "../state/contract";

const ABOUT_THE_NAME = new Set(["empty_name", "name_too_long", "forbidden_characters"]);
const ABOUT_THE_TITLE = new Set(["empty_title", "title_too_long"]);

export type Field = "name" | "code" | "title";

export class Arrival {
  name = $state("");
  code = $state("");
  title = $state("");
  /** Which of the two ways is under way. */
  busy = $state<"creating" | "joining" | null>(null);
  problem = $state<{ readonly field: Field | null; readonly failure: Failure } | null>(null);

  readonly #parlour: Pick<Parlour, "session" | "landing" | "router">;

  constructor(parlour: Pick<Parlour, "session" | "landing" | "router">) {
    this.#parlour = parlour;
    this.name = parlour.session.me?.name ?? parlour.session.lastName;
  }

  problemOf(field: Field): Failure | null {
    return this.problem?.field === field ? this.problem.failure : null;
  }

  /** A problem with no field of its own. */
  get generalProblem(): Failure | null {
    return this.problem !== null && this.problem.field === null ? this.problem.failure : null;
  }

  async createRoom(): Promise<void> {
    await this.#while("creating", async () => {
      const created = await this.#createOnce();
      if (created === null) return;
      if (created.ok) this.#parlour.router.go({ screen: "room", code: created.value });
      else this.#refused(created.failure, ABOUT_THE_TITLE.has(created.failure.code) ? "title" : null);
    });
  }

  /** null: the name was refused, and that was said. */
  async #createOnce(isSecondTry = false): Promise<Result<string> | null> {
    if (!(await this.#sayName())) return null;
    const title = this.title.trim();
    const created = await this.#parlour.landing.createRoom(title === "" ? {} : { title });
    if (created.ok || created.failure.code !== "unauthenticated" || isSecondTry) return created;
    // The session ended somewhere else. The name still stands here: come in again under it.
    await this.#parlour.session.refresh();
    return this.#createOnce(true);
  }

  /** Without a name the door of the room asks for it. */
  async bringCode(): Promise<void> {
    const code = codeIn(this.code);
    await this.#while("joining", async () => {
      if (code.length < SHORTEST_CODE) return this.#refused(failure("not_found"), "code");
      const card = await this.#parlour.landing.lookUp(code);
      if (!card.ok) return this.#refused(card.failure, card.failure.code === "not_found" ? "code" : null);
      if (this.name.trim() !== "" && !(await this.#sayName())) return;
      this.#parlour.router.go({ screen: "room", code: card.value.code });
    });
  }

  /** At the door of a room: the page opens it as soon as somebody is signed in. */
  async goIn(): Promise<void> {
    await this.#while("joining", async () => void (await this.#sayName()));
  }

  async #sayName(): Promise<boolean> {
    const said = await this.#introduce(this.name.trim());
    if (!said.ok) this.#refused(said.failure, ABOUT_THE_NAME.has(said.failure.code) ? "name" : null);
    return said.ok;
  }

  async #introduce(name: string): Promise<Result<unknown>> {
    const { session } = this.#parlour;
    if (name === "") return { ok: false, failure: failure("empty_name") };
    // Quicker than the first answer: a guest whom the server knows must not become a second one.
    if (session.phase === "loading") await session.refresh();
    if (session.me === null) return session.signIn(name);
    return session.me.name === name ? { ok: true, value: session.me } : session.rename(name);
  }

  #refused(failure: Failure, field: Field | null): void {
    this.problem = { field, failure };
  }

  /** A second press while the first one is under way changes nothing. */
  async #while(busy: "creating" | "joining", act: () => Promise<void>): Promise<void> {
    if (this.busy !== null) return;
    this.busy = busy;
    this.problem = null;
    await act().finally(() => (this.busy = null));
  }
}

function failure(code: string): Failure {
  return { code, retryAfterS: null };
}
