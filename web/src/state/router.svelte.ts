/** The address of the page, through the History API. */

import type { Route, Router } from "./contract";
import { pathOf, readPath } from "./routes";

export class RouterState implements Router {
  readonly #moved: () => void;
  #route = $state.raw<Route>({ screen: "landing" });

  /** `moved` is told of every new route, not of the first. */
  constructor(moved: () => void) {
    this.#moved = moved;
    this.#route = readPath(location.pathname);
    addEventListener("popstate", () => {
      this.#read();
    });
    document.addEventListener("click", (event) => {
      this.#catch(event);
    });
  }

  get route(): Route {
    return this.#route;
  }

  go(route: Route, { replace = false }: { readonly replace?: boolean } = {}): void {
    const path = pathOf(route);
    if (path === location.pathname) return;
    if (replace) history.replaceState(null, "", path);
    else history.pushState(null, "", path);
    this.#read();
  }

  href(route: Route): string {
    return pathOf(route);
  }

  #read(): void {
    this.#route = readPath(location.pathname);
    this.#moved();
  }

  /** A plain click on a link of ours changes the screen, not the document. */
  #catch(event: MouseEvent): void {
    const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (event.defaultPrevented || !isPlain || !(event.target instanceof Element)) return;
    const link = event.target.closest("a");
    if (!link || link.origin !== location.origin || link.target !== "" || link.hasAttribute("download")) return;
    const route = readPath(link.pathname);
    if (route.screen === "unknown" || link.hash !== "") return;
    event.preventDefault();
    this.go(route);
  }
}
