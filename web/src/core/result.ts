/** What a verb that can fail answers. Nothing here is thrown: a failure is news, not an accident. */

export interface Failure {
  /** A stable public code of the server, or one of the page's own: "offline" (no answer came),
   * "expired" (waited longer than 24 h to be sent, so it was not sent), "bad_answer" (what came
   * is not what the protocol promises). */
  readonly code: string;
  readonly retryAfterS: number | null;
}

export type Result<T = void> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: Failure };

export const done: Result = { ok: true, value: undefined };

export function success<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function failure(code: string, retryAfterS: number | null = null): { readonly ok: false; readonly failure: Failure } {
  return { ok: false, failure: { code, retryAfterS } };
}
