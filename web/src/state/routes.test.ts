import { expect, it } from "vitest";
import type { Route } from "./contract";
import { pathOf, readPath } from "./routes";

it.each<[string, Route]>([
  ["/", { screen: "landing" }],
  ["/r/K7MP", { screen: "room", code: "K7MP" }],
  ["/r/k7mp/", { screen: "room", code: "K7MP" }],
  ["/r/k7%20mp", { screen: "room", code: "K7 MP" }],
  ["/r/%", { screen: "room", code: "%" }],
  ["/r/K7MP/42", { screen: "room", code: "K7MP" }],
  ["/r/", { screen: "unknown", path: "/r/" }],
  ["/r/K7MP/settings", { screen: "unknown", path: "/r/K7MP/settings" }],
])("%s is a place", (path, route) => {
  expect(readPath(path)).toEqual(route);
});

it.each<Route>([{ screen: "landing" }, { screen: "room", code: "K7MP" }, { screen: "room", code: "A/B?" }])(
  "an address leads back to its place: %o",
  (route) => {
    expect(readPath(pathOf(route))).toEqual(route);
  },
);
