// The page as a whole: what is shown now. What a person does with it is in images, selection, cluster_actions and naming.
import {Atlases} from "./atlases.js";
import {Camera} from "./camera.js";
import {ClusterActions} from "./cluster_actions.js";
import {renderClusters} from "./clusters.js";
import {renderMoved} from "./compare.js";
import {fillMenus, fillSolutions, listenToControls} from "./controls.js";
import {announce, byId, prefers} from "./dom.js";
import {Edits} from "./edits.js";
import {Filters} from "./filters.js";
import {drawFrame, labelsOf} from "./frame.js";
import {colourMarks, groupsOf, titleOf} from "./groups.js";
import {Images} from "./images.js";
import {gridPlaces, Layout, layoutsOf} from "./layouts.js";
import {Marks} from "./marks.js";
import {Naming} from "./naming.js";
import {Painter} from "./painter.js";
import {Panel} from "./panel.js";
import {Selection} from "./selection.js";
import {Study} from "./study.js";
import {ImageTable} from "./table.js";

export class App {
  constructor(about) {
    this.study = new Study(about);
    this.edits = new Edits(this.study, about.names, () => this.naming?.changed());
    this.filters = new Filters(this.study);
    this.layout = new Layout(this.study.count);
    this.layouts = layoutsOf(this.study);
    this.layoutId = this.layouts[0].id;
    this.camera = new Camera();
    this.ratio = 1; // pixels of a canvas for one of the page
    this.atlases = new Atlases(this.study, () => this.redraw());
    this.marks = new Marks(this.study.count);
    this.secondMarks = new Marks(this.study.count);
    this.painter = new Painter(byId("map"), this.atlases);
    this.secondPainter = new Painter(byId("map-b"), this.atlases);
    this.table = new ImageTable(this);
    this.panel = new Panel(this);
    this.images = new Images(this);
    this.selection = new Selection(this);
    this.clusters = new ClusterActions(this);
    this.naming = new Naming(this);
    this.solution = this.second = null; // with labels and silhouettes
    this.groups = this.secondGroups = null; // of each image: its cluster after merges
    this.labels = this.secondLabels = []; // names on the map
    this.colouring = "cluster"; // or "silhouette", or "column 3"
    this.lasso = []; // the line that is being drawn
    this.tabled = false; // the table is shown instead of the map
    this.frame = 0; // the one that was asked for
    this.frames = 0; // drawn so far
  }

  async begin() {
    fillMenus(this);
    listenToControls(this);
    await this.showSolution(this.study.firstSolution); // whose names stand on the layout
    await this.showLayout(this.layoutId);
    this.camera.fit();
    this.naming.noticeDraft();
  }

  // ---- drawing

  /** Asks for a frame; however often, there is one. */
  redraw() {
    this.frame ||= requestAnimationFrame((now) => this.#draw(now));
  }

  #draw(now) {
    this.frame = 0;
    if (this.tabled || !this.solution || !this.layout.to) return;
    drawFrame(this, now);
    if (++this.frames === 1) performance.mark("first points");
    if (this.layout.moving) return this.redraw();
    if (!this.arriving) return;
    this.arriving = false;
    this.#placeLabels();
    this.redraw();
  }

  #placeLabels() {
    if (!this.layout.to) return;
    this.labels = this.colouring === "cluster" ? labelsOf(this, this.solution, this.groups) : [];
    this.secondLabels = this.second ? labelsOf(this, this.second, this.secondGroups) : [];
  }

  /** About the image that the keyboard is at, else about the middle. */
  zoom(factor) {
    this.camera.zoom(factor, ...this.images.focusPlace());
    this.redraw();
  }

  fit() {
    this.camera.fit();
    this.redraw();
  }

  // ---- what is shown

  async showSolution(s) {
    this.solution = await this.study.solution(s);
    this.solutionNumber = s;
    this.filters.hidden.clear();
    this.clusters.openGroup = -1;
    this.regroup();
    fillSolutions(this);
    await this.refresh();
    if (this.layoutId === "grid") await this.showLayout("grid");
  }

  /** After merges, or with other clusters. */
  regroup() {
    this.groups = groupsOf(this.solution, this.edits);
    if (this.second) this.secondGroups = groupsOf(this.second, this.edits);
  }

  /** After anything that changes which images pass or how they look. */
  async refresh() {
    await this.filters.apply(this.groups);
    await colourMarks(this);
    this.#placeLabels();
    renderClusters(this);
    this.selection.showCounts();
    if (this.second) byId("moved").replaceChildren(...renderMoved(this));
    if (this.tabled) await this.showTable();
    this.redraw();
  }

  colourBy(what) {
    this.colouring = what;
    return this.refresh();
  }

  async showLayout(id) {
    this.layoutId = id;
    byId("layout").value = id;
    const animated = this.layout.to !== null && !prefers("(prefers-reduced-motion: reduce)");
    this.layout.show(await this.#placesOf(id), animated, performance.now());
    this.arriving = true;
    this.#placeLabels();
    byId("caption").textContent = this.layouts.find((layout) => layout.id === id).caption;
    this.redraw();
  }

  async #placesOf(id) {
    const {study, filters, solution, camera} = this;
    if (id === "grid") return gridPlaces(study.count, this.groups, solution.about.k, solution.silhouettes, filters.passes, camera.width / camera.height);
    const [, m, across, down] = id.split(" ").map(Number);
    const axes = await study.map(m);
    return {x: axes[across], y: axes[down].map((value) => 65535 - value)}; // up is more, as in a chart
  }

  /** Shows a second clustering beside; -1: none. */
  async compareWith(s) {
    this.second = s < 0 ? null : await this.study.solution(s);
    byId("second").hidden = byId("moved").hidden = this.second === null;
    byId("name-a").textContent = this.second ? titleOf(this.solution.about) : "";
    byId("name-b").textContent = this.second ? titleOf(this.second.about) : "";
    if (!this.second) byId("moved").replaceChildren();
    this.regroup();
    await this.refresh();
    announce(this.second ? `${titleOf(this.second.about)} is shown beside` : "one clustering is shown");
  }

  async showTable() {
    byId("table").replaceChildren(...(await this.table.render()));
  }

  /** The table, or the map. */
  async show(table) {
    this.tabled = table;
    byId("view-map").setAttribute("aria-pressed", String(!table));
    byId("view-table").setAttribute("aria-pressed", String(table));
    byId("table").hidden = !table;
    byId("panes").hidden = byId("caption").hidden = byId("keys").hidden = table;
    if (table) await this.showTable();
    this.redraw();
  }

  /** Escape: closes what is open, one thing at a time. */
  back() {
    if (this.selection.lassoing) return this.selection.setLasso(false);
    if (this.panel.isOpen) return this.panel.close();
    this.images.focus = -1;
    this.redraw();
  }
}
