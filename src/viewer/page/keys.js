// The keyboard: everything that a pointer can do.

const WAYS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
const STEP = 80; // px of the map

/** The nearest image that passes in that direction, by distance and how far it lies aside; -1 where there is none. */
export function nextImage(layout, passes, from, [right, down]) {
  let best = -1, least = Infinity;
  for (let i = 0; i < layout.count; ++i) {
    if (!passes[i] || i === from) continue;
    const dx = layout.x[i] - layout.x[from], dy = layout.y[i] - layout.y[from];
    const ahead = dx * right + dy * down, aside = Math.abs(dx * down) + Math.abs(dy * right);
    if (ahead <= 0 || aside > ahead) continue;
    const cost = ahead + 2 * aside;
    if (cost < least) {
      least = cost;
      best = i;
    }
  }
  return best;
}

/** Keys on the map, and those that hold everywhere. */
export function listenToKeys(app, canvas) {
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const way = WAYS[event.key];
    if (way && event.shiftKey) app.camera.pan(-way[0] * STEP * app.ratio, -way[1] * STEP * app.ratio);
    else if (way) app.images.step(way);
    else if (event.key === "Enter" && app.images.focus >= 0) app.images.open(app.images.focus, true);
    else if (event.key === " " && app.images.focus >= 0) app.selection.toggle(app.images.focus);
    else if (event.key === "+" || event.key === "=") app.zoom(1.4);
    else if (event.key === "-") app.zoom(1 / 1.4);
    else if (event.key === "0") app.camera.fit();
    else return;
    event.preventDefault();
    app.redraw();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return app.back();
    const writing = event.target.matches("input:not([type=checkbox]):not([type=range]), textarea");
    if (writing || !(event.ctrlKey || event.metaKey)) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) app.naming.redo();
    else app.naming.undo();
  });
}
