// Starts the page: words first, then the engine, then the screens.

import { mount } from "svelte";
import App from "./App.svelte";
import { chooseLanguage } from "./i18n";
import { startParlour } from "./state/parlour.svelte";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import { followViewport } from "./ui/viewport";

async function start(target: HTMLElement): Promise<void> {
  const words = await chooseLanguage(navigator.languages);
  document.documentElement.lang = words.language;
  document.documentElement.dir = words.direction;
  followViewport(window);
  mount(App, { target, props: { parlour: startParlour() } });
}

const target = document.getElementById("app");
if (target) void start(target);
