/** What a close code tells a client to do (protocol.md, "Close codes"). */

export type Advice = "retry" | "sign_in" | "stop";

export const CLOSE_BYE = 1000;
export const CLOSE_NO_PONG = 4001;
export const CLOSE_BAD_FRAME = 4200;
export const CLOSE_VERSION = 4201;
export const CLOSE_ROOM_CLOSED = 4202;
export const CLOSE_REMOVED = 4203;
export const CLOSE_NOT_FOUND = 4205;

/** Unknown codes and network failures (1006) are retried. */
export function advice(closeCode: number): Advice {
  if (closeCode >= 4100 && closeCode <= 4199) return "sign_in";
  if (closeCode >= 4200 && closeCode <= 4299) return "stop";
  // 1000: the server said good-bye for good. 1009: our frame was too big, and would be again.
  if (closeCode === CLOSE_BYE || closeCode === 1009) return "stop";
  return "retry";
}
