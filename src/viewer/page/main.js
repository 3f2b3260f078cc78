// The page as a whole: what is shown now, and what happens when a person asks for something else.
import {Atlases} from "./atlases.js";
import {Camera} from "./camera.js";
import {clusterSentence, renderCluster, renderClusters} from "./clusters.js";
import {renderMoved} from "./compare.js";
import {renderImage} from "./details.js";
import {announce, byId, download, element, prefers, styleColour} from "./dom.js";
import {Edits} from "./edits.js";
import {Filters} from "./filters.js";
import {listenToKeys, nextImage} from "./keys.js";
import {imagesInside} from "./lasso.js";
import {gridPlaces, Layout, layoutsOf} from "./layouts.js";
import {colourByColumn, colourByGroup, colourBySilhouette, countsOf, Marks} from "./marks.js";
import {Painter} from "./painter.js";
import {listenToPointers} from "./pointer.js";
import {Study} from "./study.js";
import {ImageTable} from "./table.js";
import {csvField, plural, shown} from "./text.js";

const MOST_VALUES = 200; // of a column that are offered as filters

class App {
  constructor(about) {
    this.study = new Study(about);
    this.edits = new Edits(this.study, about.names, () => this.#edited());
    this.filters = new Filters(this.study);
    this.layout = new Layout(this.study.count);
    this.layouts = layoutsOf(this.study);
    this.camera = new Camera();
    this.atlases = new Atlases(this.study, () => this.redraw());
    this.marks = new Marks(this.study.count);
    this.secondMarks = new Marks(this.study.count);
    this.painter = new Painter(byId("map"), this.atlases);
    this.secondPainter = new Painter(byId("map-b"), this.atlases);
    this.table = new ImageTable(this);
    this.layoutId = this.layouts[0].id;
    this.solution = this.second = null; // with labels and silhouettes
    this.groups = this.secondGroups = null; // of each image: its cluster after merges
    this.labels = this.secondLabels = [];
    this.colouring = "cluster";
    this.lasso = [];
    this.lassoing = false;
    this.focus = -1;
    this.openGroup = this.openedImage = -1;
    this.tabled = false;
    this.frame = 0;
    this.frames = 0; // drawn so far
  }

  // ---- drawing

  /** Asks for a frame; however often, there is one. */
  redraw() {
    this.frame ||= requestAnimationFrame((now) => this.#draw(now));
  }

  #draw(now) {
    this.frame = 0;
    if (this.tabled || !this.solution || !this.layout.to) return;
    const begin = performance.now();
    const dense = this.study.count > 300000;
    this.ratio = dense ? 1 : Math.min(devicePixelRatio, 2);
    this.layout.step(now);
    if (this.painter.resize(this.ratio)) this.camera.resize(this.painter.canvas.width, this.painter.canvas.height);
    const theme = {ink: styleColour("--ink"), paper: styleColour("--paper")};
    const scene = {
      ...theme, layout: this.layout, camera: this.camera, ratio: this.ratio, focus: this.focus, lasso: this.lasso,
      pictures: byId("pictures").checked, size: Number(byId("size").value),
    };
    this.painter.draw({...scene, marks: this.marks, labels: this.layout.moving ? [] : this.labels});
    if (this.second) {
      this.secondPainter.resize(this.ratio);
      this.secondPainter.draw({...scene, marks: this.secondMarks, labels: this.layout.moving ? [] : this.secondLabels, lasso: []});
    }
    if (++this.frames === 1) performance.mark("first points");
    this.lastDraw = performance.now() - begin; // ms
    if (this.layout.moving) this.redraw();
    else if (this.arriving) {
      this.arriving = false;
      this.#placeLabels();
      this.redraw();
    }
  }

  #placeLabels() {
    if (!this.layout.to) return;
    this.labels = this.colouring === "cluster" ? this.#labelsOf(this.solution, this.groups) : [];
    this.secondLabels = this.second ? this.#labelsOf(this.second, this.secondGroups) : [];
  }

  // The name of each group in the middle of its images that pass.
  #labelsOf({about}, groups) {
    const sums = Array.from({length: about.k}, () => [0, 0, 0, Infinity]);
    const {x, y} = this.layout.to;
    for (let i = 0; i < groups.length; ++i) {
      if (!this.filters.passes[i] || groups[i] >= about.k) continue;
      const sum = sums[groups[i]];
      sum[0] += x[i];
      sum[1] += y[i];
      sum[3] = Math.min(sum[3], y[i]);
      ++sum[2];
    }
    const grid = this.layoutId === "grid"; // there names stand left of the first row
    const labels = sums.map(([a, b, n, top], group) => ({x: grid ? 0 : a / n, y: grid ? top : b / n, n, left: grid, text: shortened(shown(this.edits.nameOf(about, group)))}));
    return labels.filter((label) => label.n > 0).sort((a, b) => b.n - a.n);
  }

  // ---- what is shown

  async showSolution(s) {
    this.solution = await this.study.solution(s);
    this.solutionNumber = s;
    this.filters.hidden.clear();
    this.openGroup = -1;
    this.#regroup();
    this.#fillSolutions();
    await this.refresh();
    if (this.layoutId === "grid") await this.showLayout("grid");
  }

  #regroup() {
    this.groups = this.#groupsOf(this.solution);
    if (this.second) this.secondGroups = this.#groupsOf(this.second);
  }

  #groupsOf({about, labels, none}) {
    const table = new labels.constructor(Math.min(none, 65535) + 1).fill(none);
    for (let c = 0; c < about.k; ++c) table[c] = this.edits.target(about, c);
    const groups = new labels.constructor(labels.length);
    for (let i = 0; i < labels.length; ++i) groups[i] = labels[i] < about.k ? table[labels[i]] : none;
    return groups;
  }

  /** After anything that changes which images pass or how they look. */
  async refresh() {
    await this.filters.apply(this.groups);
    await this.#colour();
    this.#placeLabels();
    renderClusters(this);
    this.#showCounts();
    if (this.second) byId("moved").replaceChildren(...renderMoved(this));
    if (this.tabled) await this.showTable();
    this.redraw();
  }

  async #colour() {
    const {filters} = this;
    const rest = styleColour("--rest");
    const hide = byId("hide").checked;
    let colouring = this.#byGroup(this.solution, this.groups);
    if (this.colouring === "silhouette" && this.solution.silhouettes) colouring = colourBySilhouette(this.solution.silhouettes);
    else if (this.colouring.startsWith("column ")) colouring = colourByColumn(await this.study.column(Number(this.colouring.slice(7))));
    this.marks.fill(colouring, filters.passes, filters.selected, filters.selecting, rest, hide);
    if (this.second)
      this.secondMarks.fill(this.#byGroup(this.second, this.secondGroups), filters.passes, filters.selected, filters.selecting, rest, hide);
  }

  #byGroup({about}, groups) {
    const without = new Set();
    for (let c = 0; c < about.k; ++c) if (this.edits.said(about, c).excluded) without.add(c);
    return colourByGroup(groups, about.k, without);
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
    this.#regroup();
    await this.refresh();
    announce(this.second ? `${titleOf(this.second.about)} is shown beside` : "one clustering is shown");
  }

  async showTable() {
    byId("table").replaceChildren(...(await this.table.render()));
  }

  async show(table) {
    this.tabled = table;
    byId("view-map").setAttribute("aria-pressed", String(!table));
    byId("view-table").setAttribute("aria-pressed", String(table));
    byId("table").hidden = !table;
    byId("panes").hidden = byId("caption").hidden = byId("keys").hidden = table;
    if (table) await this.showTable();
    this.redraw();
  }

  // ---- images

  async openImage(i, focusDetails = false) {
    this.focus = i;
    this.openedImage = i;
    this.openGroup = -1;
    const parts = await renderImage(this, i);
    if (this.openedImage !== i) return; // another was asked for meanwhile
    this.#showDetails(parts);
    if (focusDetails) byId("details").focus();
    renderClusters(this);
    await this.#announceImage(i);
    this.redraw();
  }

  async #announceImage(i) {
    const path = shown(await this.study.path(i));
    const group = this.groups[i];
    announce(group < this.solution.about.k ? `${path}: ${clusterSentence(this, group)}` : path);
  }

  /** The keyboard goes on in a direction, or begins in the middle. */
  step(way) {
    const {camera, layout} = this;
    if (this.focus < 0) {
      const found = this.painter.seen.subarray(0, this.painter.seenCount).reduce((best, i) => {
        const distance = (j) => (layout.x[j] - camera.x) ** 2 + (layout.y[j] - camera.y) ** 2;
        return this.filters.passes[i] && (best < 0 || distance(i) < distance(best)) ? i : best;
      }, -1);
      this.focus = found;
    } else {
      const next = nextImage(layout, this.filters.passes, this.focus, way);
      if (next < 0) return announce("there is no image in that direction");
      this.focus = next;
    }
    if (this.focus < 0) return announce("there is no image in sight");
    this.#bringIntoSight(this.focus);
    this.#announceImage(this.focus);
  }

  #bringIntoSight(i) {
    const {camera, layout} = this;
    const px = layout.x[i] * camera.scale + camera.left, py = layout.y[i] * camera.scale + camera.top;
    const margin = 40;
    if (px > margin && py > margin && px < camera.width - margin && py < camera.height - margin) return;
    camera.x = layout.x[i];
    camera.y = layout.y[i];
  }

  focusPlace() {
    const {camera, layout, focus} = this;
    if (focus < 0) return [camera.width / 2, camera.height / 2];
    return [layout.x[focus] * camera.scale + camera.left, layout.y[focus] * camera.scale + camera.top];
  }

  async goTo(i) {
    await this.show(false);
    this.focus = i;
    this.camera.x = this.layout.x[i];
    this.camera.y = this.layout.y[i];
    this.camera.zoom(Math.max(1, (64 * this.ratio) / (this.layout.spacing * this.camera.scale)));
    byId("map").focus();
    this.redraw();
  }

  click(painter, [x, y]) {
    const i = painter.hit(this, x, y);
    if (i >= 0) this.openImage(i);
    else this.back();
  }

  async hover(painter, at, event) {
    const box = byId("hover");
    const i = at && !this.layout.moving ? painter.hit(this, ...at) : -1;
    this.hovered = i;
    if (i < 0) return (box.hidden = true);
    const path = await this.study.path(i);
    if (this.hovered !== i) return;
    const pane = byId("panes").getBoundingClientRect();
    const group = this.groups[i];
    box.textContent = shown(path) + (group < this.solution.about.k ? ` · ${shown(this.edits.nameOf(this.solution.about, group))}` : "");
    box.hidden = false;
    box.style.left = `${Math.min(event.clientX - pane.left + 14, pane.width - 180)}px`;
    box.style.top = `${event.clientY - pane.top + 16}px`;
  }

  /** Escape: closes what is open, one thing at a time. */
  back() {
    if (this.lassoing) return this.setLasso(false);
    if (byId("details").childElementCount > 0) return this.closeDetails();
    this.focus = -1;
    this.redraw();
  }

  // On a narrow screen they lie below the map.
  #showDetails(parts) {
    const details = byId("details");
    details.replaceChildren(this.#closer(), ...parts);
    details.scrollTop = 0;
    const calm = prefers("(prefers-reduced-motion: reduce)");
    if (prefers("(max-width: 900px)")) details.scrollIntoView({block: "start", behavior: calm ? "auto" : "smooth"});
  }

  closeDetails() {
    byId("details").replaceChildren();
    this.openGroup = this.openedImage = -1;
    renderClusters(this);
    byId("map").focus();
    byId("stage").scrollIntoView({block: "nearest"});
    this.redraw();
  }

  #closer() {
    return element("div", {class: "row"}, element("button", {onclick: () => this.closeDetails()}, "Close"));
  }

  // ---- selections

  setLasso(on) {
    this.lassoing = on;
    byId("lasso").setAttribute("aria-pressed", String(on));
    for (const id of ["map", "map-b"]) byId(id).classList.toggle("lasso", on);
  }

  closeLasso(painter, add) {
    this.select(imagesInside(this.lasso, this, painter.seen, painter.seenCount, this.filters.passes), !add);
    this.setLasso(false);
  }

  select(images, only = true) {
    this.filters.select(images, true, only);
    announce(`${plural(this.filters.selecting, "image")} selected`);
    return this.refresh();
  }

  async toggleSelected(i) {
    this.filters.select([i], this.filters.selected[i] === 0);
    announce(`${plural(this.filters.selecting, "image")} selected`);
    await this.refresh();
    if (this.openedImage === i) await this.openImage(i);
  }

  selectGroup(group) {
    return this.select(this.groupImages(group));
  }

  selectCrossed(group, other) {
    const images = this.groupImages(group).filter((i) => this.secondGroups[i] === other && this.filters.passes[i]);
    return this.select(images);
  }

  groupImages(group) {
    const images = [];
    for (let i = 0; i < this.study.count; ++i) if (this.groups[i] === group) images.push(i);
    return images;
  }

  clearSelection() {
    this.filters.select([], true, true);
    announce("nothing is selected");
    return this.refresh();
  }

  #showCounts() {
    const {filters, study} = this;
    const parts = [filters.passing < study.count ? `${filters.passing.toLocaleString("en")} of ${plural(study.count, "image")} pass` : plural(study.count, "image")];
    if (filters.selecting > 0) parts.push(`${filters.selecting.toLocaleString("en")} selected`);
    byId("selection").textContent = parts.join(", ");
    byId("clear-selection").disabled = filters.selecting === 0;
    byId("csv").textContent = filters.selecting > 0 ? "Selection as CSV" : "CSV of what passes";
  }

  /** The selected images, else those that pass, as a table. */
  async saveCsv() {
    const {study, edits, solution, groups} = this;
    const [paths, rows, columns] = await Promise.all([study.allPaths(), study.rows(), study.allColumns()]);
    const chosen = this.filters.chosen();
    const lines = [["path", "row", "label", "group", "name", ...columns.map((column) => column.name)]];
    for (const i of chosen) {
      const known = groups[i] < solution.about.k;
      lines.push([paths[i], rows[i], known ? solution.labels[i] : "", known ? groups[i] : "", known ? edits.nameOf(solution.about, groups[i]) : "", ...columns.map((column) => column.values[column.codes[i]] ?? "")]);
    }
    download("selection.csv", "text/csv", lines.map((line) => `${line.map(csvField).join(",")}\n`).join(""));
    announce(`selection.csv: ${plural(chosen.length, "image")}`);
  }

  // ---- clusters

  openCluster(group) {
    this.openGroup = group;
    this.openedImage = -1;
    this.#showDetails(renderCluster(this, group));
    renderClusters(this);
    announce(clusterSentence(this, group));
  }

  toggleGroup(group) {
    const {hidden} = this.filters;
    if (!hidden.delete(group)) hidden.add(group);
    announce(`${shown(this.edits.nameOf(this.solution.about, group))} is ${hidden.has(group) ? "hidden" : "shown"}`);
    return this.refresh();
  }

  onlyGroup(group) {
    this.filters.hidden = new Set(Array.from({length: this.solution.about.k}, (_, c) => c).filter((c) => c !== group));
    return this.refresh();
  }

  showAll() {
    this.filters.hidden.clear();
    return this.refresh();
  }

  zoomToGroup(group) {
    const images = this.groupImages(group);
    const at = (values, share) => Float32Array.from(images, (i) => values[i]).sort()[Math.floor(share * (images.length - 1))];
    const {x, y} = this.layout;
    if (images.length === 0) return;
    this.camera.fit(at(x, 0.02), at(y, 0.02), at(x, 0.98), at(y, 0.98));
    this.show(false);
  }

  merge(group, into) {
    if (!this.edits.mayMerge(this.solution.about, group, into)) return announce("these are one cluster already");
    this.edits.change(this.solution.about, group, {into});
    this.openCluster(this.edits.target(this.solution.about, group));
  }

  undo() {
    announce(this.edits.undo() ? "undone" : "there is nothing to undo");
  }

  redo() {
    announce(this.edits.redo() ? "done again" : "there is nothing to do again");
  }

  #edited() {
    if (!this.solution) return;
    byId("undo").disabled = this.edits.past.length === 0;
    byId("redo").disabled = this.edits.future.length === 0;
    this.#regroup();
    if (this.openGroup >= 0) {
      const focused = document.activeElement?.id;
      this.openGroup = this.edits.target(this.solution.about, this.openGroup);
      byId("details").replaceChildren(this.#closer(), ...renderCluster(this, this.openGroup));
      if (focused) byId(focused)?.focus();
    }
    this.refresh();
  }

  saveNames() {
    download("names.json", "application/json", `${JSON.stringify(this.edits.toJson(), null, 2)}\n`);
    announce("names.json: put it into the study's folder, where export, report and montage read it");
  }

  async loadNames(file) {
    try {
      const left = this.edits.load(JSON.parse(await file.text()));
      announce(`${file.name} was read${left ? `; ${left}` : ""}`);
    } catch (error) {
      announce(`${file.name}: ${error instanceof SyntaxError ? "this is no JSON" : error.message}`);
    }
  }

  // ---- the frame of the page

  async begin() {
    byId("title").textContent = shown(this.study.title);
    fill(byId("layout"), this.layouts.map(({id, name}) => [id, shown(name)]));
    this.#fillColours();
    this.#listen();
    await this.showSolution(this.study.firstSolution); // whose names stand on the layout
    await this.showLayout(this.layoutId);
    this.camera.fit();
    this.#noticeDraft();
    await this.#fillFilters();
  }

  #fillSolutions() {
    const {solutions} = this.study;
    const names = [...new Set(solutions.map((solution) => solution.clustering))];
    const now = this.solution.about;
    fill(byId("clustering"), names.map((name) => [name, shown(name)]), now.clustering);
    const ks = solutions.flatMap((solution, s) => (solution.clustering === now.clustering ? [[s, String(solution.k)]] : []));
    fill(byId("k"), ks, this.solutionNumber);
    const others = solutions.flatMap((solution, s) => (s === this.solutionNumber ? [] : [[s, titleOf(solution)]]));
    const second = this.second ? solutions.indexOf(this.second.about) : -1;
    fill(byId("other"), [[-1, "none"], ...others], second);
  }

  #fillColours() {
    const columns = this.study.columns.map((column, c) => [`column ${c}`, shown(column.name)]);
    fill(byId("colour"), [["cluster", "cluster"], ["silhouette", "silhouette"], ...columns], "cluster");
  }

  async #fillFilters() {
    const boxes = await Promise.all(this.study.columns.map(async (about, c) => {
      const details = element("details", {}, element("summary", {}, shown(about.name)));
      details.addEventListener("toggle", async () => {
        if (details.open && details.childElementCount === 1) details.append(this.#valuesOf(await this.study.column(c), c));
      });
      return details;
    }));
    byId("filters").replaceChildren(...boxes);
  }

  // The most frequent values of a column, with a box each; none ticked means all pass.
  #valuesOf(column, c) {
    const counts = countsOf(column);
    const order = [...counts.keys()].sort((a, b) => counts[b] - counts[a] || a - b).slice(0, MOST_VALUES);
    const choose = (code) => (event) => {
      const codes = this.filters.columns.get(c) ?? new Set();
      if (event.target.checked) codes.add(code);
      else codes.delete(code);
      if (codes.size > 0) this.filters.columns.set(c, codes);
      else this.filters.columns.delete(c);
      this.refresh().then(() => announce(byId("selection").textContent));
    };
    const rows = order.map((code) => element("label", {}, element("input", {type: "checkbox", onchange: choose(code)}), " ", element("bdi", {}, shown(column.values[code])), ` (${counts[code]})`));
    const more = column.values.length - order.length;
    return element("fieldset", {}, element("legend", {class: "quiet"}, "show only"), rows, more > 0 ? element("p", {class: "quiet"}, `and ${plural(more, "rarer value")}: search for them`) : null);
  }

  #noticeDraft() {
    const {restored} = this.edits;
    if (!restored) return;
    const notice = byId("notice");
    const discard = () => {
      this.edits.discardDraft();
      notice.hidden = true;
    };
    notice.replaceChildren(
      `Your draft of ${restored.toLocaleString()} is shown, which this browser kept. Save names.json to keep it for good.`,
      element("button", {onclick: discard}, "Discard the draft"),
      element("button", {onclick: () => (notice.hidden = true)}, "Keep"),
    );
    notice.hidden = false;
  }

  #listen() {
    const on = (id, event, action) => byId(id).addEventListener(event, action);
    on("layout", "change", (event) => this.showLayout(event.target.value));
    on("clustering", "change", (event) => this.showSolution(this.#solutionLike(event.target.value)));
    on("k", "change", (event) => this.showSolution(Number(event.target.value)));
    on("other", "change", (event) => this.compareWith(Number(event.target.value)));
    on("colour", "change", (event) => {
      this.colouring = event.target.value;
      this.refresh();
    });
    on("search", "submit", (event) => {
      event.preventDefault();
      this.search();
    });
    on("query", "change", () => this.search());
    on("order", "change", () => renderClusters(this));
    on("show-all", "click", () => this.showAll());
    on("undo", "click", () => this.undo());
    on("redo", "click", () => this.redo());
    on("save", "click", () => this.saveNames());
    on("load", "change", async (event) => {
      await this.loadNames(event.target.files[0]);
      event.target.value = "";
    });
    on("view-map", "click", () => this.show(false));
    on("view-table", "click", () => this.show(true));
    const zoom = (factor) => () => {
      this.camera.zoom(factor, ...this.focusPlace());
      this.redraw();
    };
    on("zoom-in", "click", zoom(1.5));
    on("zoom-out", "click", zoom(1 / 1.5));
    on("fit", "click", () => {
      this.camera.fit();
      this.redraw();
    });
    on("lasso", "click", () => this.setLasso(!this.lassoing));
    on("pictures", "change", () => this.redraw());
    on("size", "input", () => this.redraw());
    on("hide", "change", () => this.refresh());
    on("select-passing", "click", () => this.select(Array.from(this.filters.passes.keys()).filter((i) => this.filters.passes[i])));
    on("clear-selection", "click", () => this.clearSelection());
    on("csv", "click", () => this.saveCsv());
    listenToPointers(this, byId("map"), this.painter);
    listenToPointers(this, byId("map-b"), this.secondPainter);
    listenToKeys(this, byId("map"));
    new ResizeObserver(() => this.redraw()).observe(byId("panes"));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.refresh());
  }

  async search() {
    await this.filters.search(byId("query").value);
    await this.refresh();
    announce(this.filters.found ? `${byId("selection").textContent}` : "the search is empty: all images pass");
  }

  // Of that clustering the solution with as many clusters as now, else its first.
  #solutionLike(name) {
    const {solutions} = this.study;
    const same = solutions.findIndex((solution) => solution.clustering === name && solution.k === this.solution.about.k);
    return same >= 0 ? same : solutions.findIndex((solution) => solution.clustering === name);
  }
}

const titleOf = (about) => `${about.clustering}, k = ${about.k}`;
const shortened = (text) => (text.length > 32 ? `${text.slice(0, 31)}…` : text);

/** Options of a select: [[value, text] ...]. */
function fill(select, options, value) {
  select.replaceChildren(...options.map(([own, text]) => element("option", {value: String(own)}, text)));
  if (value !== undefined) select.value = String(value);
}

const app = new App(JSON.parse(byId("about").textContent));
window.coterieViewer = app; // for the console, and for tests
app.begin().then(() => (document.documentElement.dataset.ready = "yes"), (error) => announce(error.message));
