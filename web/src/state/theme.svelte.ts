/** Light, dark, or whatever the system says; remembered on this device. */

import type { Memory } from "../core/storage";
import type { Theme, ThemeChoice } from "./contract";

const KEY = "theme";

export class ThemeState implements Theme {
  readonly #memory: Memory;
  readonly #systemIsDark: MediaQueryList;
  #choice = $state<ThemeChoice>("system");
  #isDark = $state(false);

  constructor(memory: Memory, systemIsDark: MediaQueryList) {
    this.#memory = memory;
    this.#systemIsDark = systemIsDark;
    this.#choice = readChoice(memory.recall(KEY));
    this.#isDark = systemIsDark.matches;
    systemIsDark.addEventListener("change", () => {
      this.#isDark = systemIsDark.matches;
      this.#show();
    });
    this.#show();
  }

  get choice(): ThemeChoice {
    return this.#choice;
  }

  get resolved(): "light" | "dark" {
    if (this.#choice !== "system") return this.#choice;
    return this.#isDark ? "dark" : "light";
  }

  choose(choice: ThemeChoice): void {
    this.#choice = choice;
    this.#isDark = this.#systemIsDark.matches;
    this.#memory.remember(KEY, choice);
    this.#show();
  }

  #show(): void {
    document.documentElement.dataset["theme"] = this.resolved;
    // What the browser draws around the page.
    const frame = document.querySelector<HTMLMetaElement>("meta[name=theme-color]");
    if (frame) frame.content = frame.dataset[this.resolved] ?? "";
  }
}

function readChoice(word: string | null): ThemeChoice {
  return word === "light" || word === "dark" ? word : "system";
}
