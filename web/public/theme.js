// Before the first paint: the colours that were chosen on this device, so that nothing flashes.
// A classic script in a file of its own, because the content security policy allows none inline.
// state/theme.svelte.ts does the same steps again and keeps them true afterwards.
(function () {
  var choice = null;
  try {
    choice = localStorage.getItem("parlour.theme");
  } catch (blocked) {
    // Storage is switched off: the system decides.
  }
  var dark = choice === "dark" || (choice !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  var theme = dark ? "dark" : "light";
  document.documentElement.dataset.theme = theme;
  var frame = document.querySelector("meta[name=theme-color]");
  if (frame) frame.content = frame.dataset[theme];
})();
