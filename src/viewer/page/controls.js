// The frame of the page: menus, filters, buttons.
import {renderClusters} from "./clusters.js";
import {announce, byId, element} from "./dom.js";
import {titleOf} from "./groups.js";
import {listenToKeys} from "./keys.js";
import {countsOf} from "./marks.js";
import {listenToPointers} from "./pointer.js";
import {plural, shown} from "./text.js";

const MOST_VALUES = 200; // of a column that are offered as filters

/** Fills what does not change while the page is open. */
export function fillMenus(app) {
  byId("title").textContent = shown(app.study.title);
  fill(byId("layout"), app.layouts.map(({id, name}) => [id, shown(name)]));
  const columns = app.study.columns.map((column, c) => [`column ${c}`, shown(column.name)]);
  fill(byId("colour"), [["cluster", "cluster"], ["silhouette", "silhouette"], ...columns], "cluster");
  byId("filters").replaceChildren(...app.study.columns.map((about, c) => columnFilter(app, about, c)));
}

/** The menus of clusterings, k, and what to compare with. */
export function fillSolutions(app) {
  const {solutions} = app.study;
  const now = app.solution.about;
  const names = [...new Set(solutions.map((solution) => solution.clustering))];
  fill(byId("clustering"), names.map((name) => [name, shown(name)]), now.clustering);
  const ks = solutions.flatMap((solution, s) => (solution.clustering === now.clustering ? [[s, String(solution.k)]] : []));
  fill(byId("k"), ks, app.solutionNumber);
  const others = solutions.flatMap((solution, s) => (s === app.solutionNumber ? [] : [[s, shown(titleOf(solution))]]));
  fill(byId("other"), [[-1, "none"], ...others], app.second ? solutions.indexOf(app.second.about) : -1);
}

/** Options of a select: [[value, text] ...]. */
function fill(select, options, value) {
  select.replaceChildren(...options.map(([own, text]) => element("option", {value: String(own)}, text)));
  if (value !== undefined) select.value = String(value);
}

// Read when it is opened for the first time.
function columnFilter(app, about, c) {
  const details = element("details", {}, element("summary", {}, shown(about.name)));
  details.addEventListener("toggle", async () => {
    if (details.open && details.childElementCount === 1) details.append(columnValues(app, await app.study.column(c), c));
  });
  return details;
}

// The most frequent values of a column, with a box each; none ticked means all pass.
function columnValues(app, column, c) {
  const counts = countsOf(column);
  const order = [...counts.keys()].sort((a, b) => counts[b] - counts[a] || a - b).slice(0, MOST_VALUES);
  const choose = (code) => async (event) => {
    app.filters.pass(c, code, event.target.checked);
    await app.refresh();
    announce(byId("selection").textContent);
  };
  const box = (code) => element(
    "label",
    {},
    element("input", {type: "checkbox", onchange: choose(code)}), " ",
    element("bdi", {}, shown(column.values[code])), ` (${counts[code]})`,
  );
  const more = column.values.length - order.length;
  const rest = more > 0 ? element("p", {class: "quiet"}, `and ${plural(more, "rarer value")}: search for them`) : null;
  return element("fieldset", {}, element("legend", {class: "quiet"}, "show only"), order.map(box), rest);
}

/** Makes everything answer. */
export function listenToControls(app) {
  listenToMenus(app);
  listenToButtons(app);
  listenToPointers(app, byId("map"), app.painter);
  listenToPointers(app, byId("map-b"), app.secondPainter);
  listenToKeys(app, byId("map"));
  new ResizeObserver(() => app.redraw()).observe(byId("panes"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => app.refresh());
}

const on = (id, event, action) => byId(id).addEventListener(event, action);

function listenToMenus(app) {
  on("layout", "change", (event) => app.showLayout(event.target.value));
  on("clustering", "change", (event) => app.showSolution(solutionLike(app, event.target.value)));
  on("k", "change", (event) => app.showSolution(Number(event.target.value)));
  on("other", "change", (event) => app.compareWith(Number(event.target.value)));
  on("colour", "change", (event) => app.colourBy(event.target.value));
  on("order", "change", () => renderClusters(app));
  on("query", "change", () => search(app));
  on("search", "submit", (event) => {
    event.preventDefault();
    search(app);
  });
  on("load", "change", async (event) => {
    await app.naming.load(event.target.files[0]);
    event.target.value = ""; // the same file may be chosen again
  });
}

function listenToButtons(app) {
  on("show-all", "click", () => app.clusters.showAll());
  on("undo", "click", () => app.naming.undo());
  on("redo", "click", () => app.naming.redo());
  on("save", "click", () => app.naming.save());
  on("view-map", "click", () => app.show(false));
  on("view-table", "click", () => app.show(true));
  on("zoom-in", "click", () => app.zoom(1.5));
  on("zoom-out", "click", () => app.zoom(1 / 1.5));
  on("fit", "click", () => app.fit());
  on("lasso", "click", () => app.selection.setLasso(!app.selection.lassoing));
  on("pictures", "change", () => app.redraw());
  on("size", "input", () => app.redraw());
  on("hide", "change", () => app.refresh());
  on("select-passing", "click", () => app.selection.selectPassing());
  on("clear-selection", "click", () => app.selection.clear());
  on("csv", "click", () => app.selection.saveCsv());
}

async function search(app) {
  await app.filters.search(byId("query").value);
  await app.refresh();
  announce(app.filters.found ? byId("selection").textContent : "the search is empty: all images pass");
}

// Of that clustering the solution with as many clusters as now, else its first.
function solutionLike(app, name) {
  const {solutions} = app.study;
  const same = solutions.findIndex((solution) => solution.clustering === name && solution.k === app.solution.about.k);
  return same >= 0 ? same : solutions.findIndex((solution) => solution.clustering === name);
}
