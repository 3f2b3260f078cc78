// Mouse, pen and fingers on a pane.

const CLICK = 5; // px that a click may move

/** Makes a canvas answer to pointers. `painter` is the pane's. */
export function listenToPointers(app, canvas, painter) {
  const down = new Map(); // pointers that touch
  let moved = 0, drawing = false;
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) * app.ratio, (event.clientY - box.top) * app.ratio];
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    canvas.setPointerCapture(event.pointerId);
    down.set(event.pointerId, place(event));
    moved = 0;
    drawing = down.size === 1 && (event.shiftKey || app.selection.lassoing);
    app.lasso = drawing ? [place(event)] : [];
  });

  canvas.addEventListener("pointermove", (event) => {
    const at = place(event);
    if (!down.has(event.pointerId)) return app.images.hover(painter, at, event);
    const before = down.get(event.pointerId);
    down.set(event.pointerId, at);
    moved += Math.hypot(at[0] - before[0], at[1] - before[1]);
    if (drawing) app.lasso.push(at);
    else if (down.size === 1) app.camera.pan(at[0] - before[0], at[1] - before[1]);
    else pinch([...down.values()], before, at);
    app.redraw();
  });

  function pinch([a, b], before, at) {
    const other = a === at ? b : a;
    const spread = Math.hypot(before[0] - other[0], before[1] - other[1]);
    const now = Math.hypot(at[0] - other[0], at[1] - other[1]);
    app.camera.zoom(now / Math.max(spread, 1), (at[0] + other[0]) / 2, (at[1] + other[1]) / 2);
    app.camera.pan((at[0] - before[0]) / 2, (at[1] - before[1]) / 2);
  }

  const up = (event) => {
    if (!down.delete(event.pointerId)) return;
    if (drawing && app.lasso.length > 2) app.selection.closeLasso(painter, event.ctrlKey || event.metaKey);
    else if (moved < CLICK * app.ratio && event.type === "pointerup") app.images.click(painter, place(event));
    if (down.size === 0) drawing = false;
    app.lasso = [];
    app.redraw();
  };
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", up);
  canvas.addEventListener("pointerleave", () => app.images.hover(painter, null));

  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 30 : 1;
    app.camera.zoom(Math.exp(-event.deltaY * lines * 0.0016), ...place(event));
    app.redraw();
  }, {passive: false});

  canvas.addEventListener("dblclick", (event) => {
    app.camera.zoom(2, ...place(event));
    app.redraw();
  });
}
