/** The connection, as a person wants to hear of it. */

import type { Link, LinkStatus } from "../core/socket";
import type { ConnectionView } from "./contract";

const COUNT_MS = 250;

export class ConnectionState {
  #status = $state.raw<LinkStatus>({ is: "idle" });
  #hasNetwork = $state(true);
  #nowMs = $state(0);
  #counting: ReturnType<typeof setInterval> | undefined;
  readonly view: ConnectionView = $derived(viewOf(this.#status, this.#hasNetwork, this.#nowMs));

  constructor(link: Link) {
    this.#hasNetwork = navigator.onLine;
    link.watch((status) => {
      this.#status = status;
      this.#count(status.is === "waiting");
    });
    for (const news of ["online", "offline"]) {
      addEventListener(news, () => {
        this.#hasNetwork = navigator.onLine;
      });
    }
  }

  #count(isOn: boolean): void {
    clearInterval(this.#counting);
    this.#nowMs = Date.now();
    if (isOn) this.#counting = setInterval(() => (this.#nowMs = Date.now()), COUNT_MS);
  }
}

function viewOf(status: LinkStatus, hasNetwork: boolean, nowMs: number): ConnectionView {
  // A live socket is the truth, whatever the browser thinks of its network.
  if (status.is === "live") return { state: "online" };
  if (!hasNetwork) return { state: "offline" };
  if (status.is === "waiting") {
    return { state: "reconnecting", nextTryInS: Math.max(0, Math.ceil((status.untilMs - nowMs) / 1000)) };
  }
  if (status.is === "connecting" && status.again) return { state: "reconnecting", nextTryInS: null };
  return { state: "connecting" };
}
