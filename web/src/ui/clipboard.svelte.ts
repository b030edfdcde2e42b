// Copying, also where navigator.clipboard does not exist: a plain-http address on the local network.

const THANKS_MS = 2000;

async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const before = document.activeElement;
  const field = document.createElement("textarea");
  field.value = text;
  field.readOnly = true;
  field.className = "visually-hidden";
  // A modal dialog makes everything outside it inert, and what is inert cannot be selected.
  (before?.closest("dialog") ?? document.body).append(field);
  field.select();
  // Deprecated, and the only way left on such a page.
  const done = document.execCommand("copy");
  field.remove();
  if (before instanceof HTMLElement) before.focus({ preventScroll: true });
  return done;
}

/** One "copy" button: remembers for two seconds that it worked, and for good that it did not. */
export class Copying {
  state = $state<"idle" | "copied" | "failed">("idle");
  #timer: ReturnType<typeof setTimeout> | undefined;

  async copy(text: string): Promise<void> {
    this.state = (await copyText(text)) ? "copied" : "failed";
    clearTimeout(this.#timer);
    if (this.state === "copied") this.#timer = setTimeout(() => (this.state = "idle"), THANKS_MS);
  }
}
