/** What can be done before one is in a room. */

import type { Api } from "../core/api";
import type { Result } from "../core/result";
import { success } from "../core/result";
import type { CodeCard, Landing } from "./contract";

export class LandingState implements Landing {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  async createRoom(wish: { readonly title?: string; readonly password?: string }): Promise<Result<string>> {
    const created = await this.#api.createRoom(wish);
    return created.ok ? success(created.value.code) : created;
  }

  async lookUp(code: string): Promise<Result<CodeCard>> {
    const found = await this.#api.lookUp(code);
    if (!found.ok) return found;
    const { title, needs_password: needsPassword } = found.value;
    return success({ code: found.value.code, title, needsPassword });
  }
}
