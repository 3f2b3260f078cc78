// One frame: both panes with the points, thumbnails and names that are in sight.
import {byId, styleColour} from "./dom.js";
import {shown} from "./text.js";

const DENSE = 300000; // images beyond which a pixel of the page is one of the canvas, whatever the screen has

/** Draws what the app shows now; goes on with a transition until it has arrived. */
export function drawFrame(app, now) {
  const begin = performance.now();
  app.ratio = app.study.count > DENSE ? 1 : Math.min(devicePixelRatio, 2);
  app.layout.step(now);
  if (app.painter.resize(app.ratio)) app.camera.resize(app.painter.canvas.width, app.painter.canvas.height);
  const {layout, camera, ratio, lasso} = app;
  const scene = {
    layout, camera, ratio, lasso, focus: app.images.focus, pictures: byId("pictures").checked, size: Number(byId("size").value),
    ink: styleColour("--ink"), paper: styleColour("--paper"),
  };
  app.painter.draw({...scene, marks: app.marks, labels: layout.moving ? [] : app.labels});
  if (app.second) {
    app.secondPainter.resize(ratio);
    app.secondPainter.draw({...scene, marks: app.secondMarks, labels: layout.moving ? [] : app.secondLabels, lasso: []});
  }
  app.lastDraw = performance.now() - begin; // ms
}

/** The name of each group in the middle of its images that pass: [{x, y, n, left, text}], the largest group first. */
export function labelsOf(app, {about}, groups) {
  const sums = Array.from({length: about.k}, () => ({x: 0, y: 0, n: 0, top: Infinity}));
  const {x, y} = app.layout.to;
  for (let i = 0; i < groups.length; ++i) {
    if (!app.filters.passes[i] || groups[i] >= about.k) continue;
    const sum = sums[groups[i]];
    sum.x += x[i];
    sum.y += y[i];
    sum.top = Math.min(sum.top, y[i]);
    ++sum.n;
  }
  const grid = app.layoutId === "grid"; // there names stand left of the first row
  const labels = sums.map((sum, group) => ({
    x: grid ? 0 : sum.x / sum.n, y: grid ? sum.top : sum.y / sum.n, n: sum.n, left: grid, text: shortened(shown(app.edits.nameOf(about, group))),
  }));
  return labels.filter((label) => label.n > 0).sort((a, b) => b.n - a.n);
}

const shortened = (text) => (text.length > 32 ? `${text.slice(0, 31)}…` : text);
