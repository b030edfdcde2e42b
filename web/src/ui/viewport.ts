// Keeps --viewport-height and --viewport-top true. iOS lays its keyboard over the page instead of
// shrinking it and scrolls the page beneath (hydrogen-web#181), so the room pins itself to what is seen.

export function followViewport(view: Window): () => void {
  const visual = view.visualViewport;
  if (!visual) return () => undefined;
  const root = view.document.documentElement;

  const follow = (): void => {
    // Zoomed in by fingers: the reader wants to look closer, not to have the room re-laid.
    if (visual.scale > 1.01) return;
    root.style.setProperty("--viewport-height", `${visual.height}px`);
    root.style.setProperty("--viewport-top", `${visual.offsetTop}px`);
  };
  follow();
  visual.addEventListener("resize", follow);
  visual.addEventListener("scroll", follow);
  return () => {
    visual.removeEventListener("resize", follow);
    visual.removeEventListener("scroll", follow);
  };
}
