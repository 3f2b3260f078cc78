// Single images: which one the keyboard is at, which one is open, which one the pointer is over.
import {clusterSentence, renderClusters} from "./clusters.js";
import {renderImage} from "./details.js";
import {announce, byId} from "./dom.js";
import {nextImage} from "./keys.js";
import {shown} from "./text.js";

const MARGIN = 40; // px in which an image is not yet in sight
const CLOSE_UP = 64; // px of an image that was gone to

export class Images {
  constructor(app) {
    this.app = app;
    this.focus = this.opened = this.hovered = -1;
  }

  async open(i, focusDetails = false) {
    const {app} = this;
    this.focus = this.opened = i;
    app.clusters.openGroup = -1;
    const parts = await renderImage(app, i);
    if (this.opened !== i) return; // another was asked for meanwhile
    app.panel.show(parts);
    if (focusDetails) byId("details").focus();
    renderClusters(app);
    await this.#announce(i);
    app.redraw();
  }

  async #announce(i) {
    const {groups, solution, study} = this.app;
    const path = shown(await study.path(i));
    announce(groups[i] < solution.about.k ? `${path}: ${clusterSentence(this.app, groups[i])}` : path);
  }

  /** The keyboard goes on in a direction, or begins in the middle. */
  step(way) {
    const {layout, filters} = this.app;
    if (this.focus < 0) {
      this.focus = this.#inTheMiddle();
      if (this.focus < 0) return announce("there is no image in sight");
    } else {
      const next = nextImage(layout, filters.passes, this.focus, way);
      if (next < 0) return announce("there is no image in that direction");
      this.focus = next;
    }
    this.#bringIntoSight(this.focus);
    this.#announce(this.focus);
  }

  #inTheMiddle() {
    const {camera, layout, painter, filters} = this.app;
    const distance = (i) => (layout.x[i] - camera.x) ** 2 + (layout.y[i] - camera.y) ** 2;
    const seen = painter.seen.subarray(0, painter.seenCount);
    return seen.reduce((best, i) => (filters.passes[i] && (best < 0 || distance(i) < distance(best)) ? i : best), -1);
  }

  #bringIntoSight(i) {
    const {camera, layout} = this.app;
    const [x, y] = this.focusPlace();
    if (x > MARGIN && y > MARGIN && x < camera.width - MARGIN && y < camera.height - MARGIN) return;
    camera.x = layout.x[i];
    camera.y = layout.y[i];
  }

  /** Where it lies on the canvas; the middle where there is none. */
  focusPlace() {
    const {camera, layout} = this.app;
    if (this.focus < 0) return [camera.width / 2, camera.height / 2];
    return [layout.x[this.focus] * camera.scale + camera.left, layout.y[this.focus] * camera.scale + camera.top];
  }

  /** Shows it on the map, close by. */
  async goTo(i) {
    const {app} = this;
    await app.show(false);
    this.focus = i;
    app.camera.x = app.layout.x[i];
    app.camera.y = app.layout.y[i];
    app.camera.zoom(Math.max(1, (CLOSE_UP * app.ratio) / (app.layout.spacing * app.camera.scale)));
    byId("map").focus();
    app.redraw();
  }

  click(painter, [x, y]) {
    const i = painter.hit(this.app, x, y);
    if (i >= 0) this.open(i);
    else this.app.back();
  }

  /** `at`: where the pointer is on the canvas, null where it has left it. */
  async hover(painter, at, event) {
    const {app} = this;
    const box = byId("hover");
    const i = at && !app.layout.moving ? painter.hit(app, ...at) : -1;
    this.hovered = i;
    if (i < 0) return (box.hidden = true);
    const path = await app.study.path(i);
    if (this.hovered !== i) return;
    const {about} = app.solution;
    const group = app.groups[i];
    box.textContent = shown(path) + (group < about.k ? ` · ${shown(app.edits.nameOf(about, group))}` : "");
    box.hidden = false;
    const pane = byId("panes").getBoundingClientRect();
    box.style.left = `${Math.min(event.clientX - pane.left + 14, pane.width - 180)}px`;
    box.style.top = `${event.clientY - pane.top + 16}px`;
  }
}
