// Where the keyboard goes when what it was on has gone. Never away from something: only from nowhere.

let isFirstScreen = true;

/** On the heading of a screen: whoever came here from another one begins to read at it. */
export function startHere(heading: HTMLElement): void {
  // The first screen begins where every page begins.
  if (!isFirstScreen) focusFromNowhere(heading);
  isFirstScreen = false;
}

export function focusFromNowhere(element: HTMLElement): void {
  const { activeElement } = document;
  if (activeElement === null || activeElement === document.body) element.focus({ preventScroll: true });
}

/** With a keyboard at hand one wants to type at once; on a phone it would cover the room. */
export function hasKeyboard(): boolean {
  return matchMedia("(pointer: fine)").matches;
}

/** From a button that is about to go, to the composer, or on a phone to what was said. */
export function returnToRoom(): void {
  document.querySelector<HTMLElement>(hasKeyboard() ? "#composer" : ".scroller")?.focus({ preventScroll: true });
}
