/** Addresses and what they show. Pure: the router owns the history. */

import type { Route } from "./contract";

export function readPath(path: string): Route {
  if (path === "/") return { screen: "landing" };
  // A number behind the code is the place of a message; the room is what opens.
  const code = /^\/r\/([^/]+)(?:\/\d*)?$/.exec(path)?.[1];
  return code === undefined ? { screen: "unknown", path } : { screen: "room", code: readCode(code) };
}

export function pathOf(route: Route): string {
  switch (route.screen) {
    case "landing":
      return "/";
    case "room":
      return `/r/${encodeURIComponent(route.code)}`;
    case "unknown":
      return route.path;
  }
}

/** A link may carry the code as somebody typed it; the server forgives the rest. */
function readCode(part: string): string {
  try {
    return decodeURIComponent(part).trim().toUpperCase();
  } catch {
    // A lone % is no code either; the server will say so.
    return part.toUpperCase();
  }
}
