/** localStorage that cannot hurt: where it is blocked or full, things are forgotten, no more. */

export interface Memory {
  recall(key: string): string | null;
  remember(key: string, value: string): void;
  forget(key: string): void;
  /** Every key that begins so. */
  forgetAll(start: string): void;
}

const PREFIX = "parlour.";

export function openMemory(storage: () => Storage): Memory {
  /** Even reading `window.localStorage` throws where cookies are blocked. */
  const attempt = <T>(use: (storage: Storage) => T, otherwise: T): T => {
    try {
      return use(storage());
    } catch {
      return otherwise;
    }
  };
  return {
    recall: (key) => attempt((all) => all.getItem(PREFIX + key), null),
    remember: (key, value) => {
      attempt((all) => { all.setItem(PREFIX + key, value); }, undefined);
    },
    forget: (key) => {
      attempt((all) => { all.removeItem(PREFIX + key); }, undefined);
    },
    forgetAll: (start) => {
      attempt((all) => {
        const keys = Array.from({ length: all.length }, (_, index) => all.key(index) ?? "");
        for (const key of keys) if (key.startsWith(PREFIX + start)) all.removeItem(key);
      }, undefined);
    },
  };
}
