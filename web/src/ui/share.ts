// The share sheet of the system, where there is one (phones, Safari, Windows; https only).

interface Invitation {
  readonly title: string;
  readonly text: string;
  readonly url: string;
}

export function canShare(): boolean {
  return typeof navigator.share === "function";
}

export async function share(invitation: Invitation): Promise<void> {
  try {
    await navigator.share(invitation);
  } catch {
    // Changed their mind, or the sheet is already open: there is nothing to tell them.
  }
}
