/** The other tabs of this device: all share one session, and tell each other when it changes. */

const CHANNEL = "parlour.session";

export interface OtherTabs {
  /** Somebody came, or `gone` signed out. */
  tell(gone: string | null): void;
}

/** Where the browser has no channels, the server tells each tab by itself, only later. */
export function openTabs(heard: (gone: string | null) => void): OtherTabs {
  if (typeof BroadcastChannel === "undefined") return { tell: () => undefined };
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = ({ data }: MessageEvent<unknown>) => {
    heard(typeof data === "string" ? data : null);
  };
  return { tell: (gone) => { channel.postMessage(gone); } };
}

/** The server sets this cookie beside the secret one, for the page to see that there is a session. */
export function isMarkedSignedIn(cookies: string): boolean {
  return cookies.split("; ").includes("parlour_signed_in=1");
}
