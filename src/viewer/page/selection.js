// What a person selects, by lasso, by cluster or one by one, and takes along as a table.
import {announce, byId, download} from "./dom.js";
import {imagesInside} from "./lasso.js";
import {csvField, plural} from "./text.js";

export class Selection {
  constructor(app) {
    this.app = app;
    this.lassoing = false;
  }

  setLasso(on) {
    this.lassoing = on;
    byId("lasso").setAttribute("aria-pressed", String(on));
    for (const id of ["map", "map-b"]) byId(id).classList.toggle("lasso", on);
  }

  /** The line is whole: what is inside of it is selected, `add`: too. */
  closeLasso(painter, add) {
    const {app} = this;
    this.select(imagesInside(app.lasso, app, painter.seen, painter.seenCount, app.filters.passes), !add);
    this.setLasso(false);
  }

  select(images, only = true) {
    this.app.filters.select(images, true, only);
    this.#announce();
    return this.app.refresh();
  }

  selectPassing() {
    const {passes} = this.app.filters;
    return this.select(Array.from(passes.keys()).filter((i) => passes[i]));
  }

  selectGroup(group) {
    return this.select(this.app.clusters.images(group));
  }

  /** Those of a group that pass and are in that group of the second clustering. */
  selectCrossed(group, other) {
    const {clusters, secondGroups, filters} = this.app;
    return this.select(clusters.images(group).filter((i) => secondGroups[i] === other && filters.passes[i]));
  }

  async toggle(i) {
    const {filters, images} = this.app;
    filters.select([i], filters.selected[i] === 0);
    this.#announce();
    await this.app.refresh();
    if (images.opened === i) await images.open(i);
  }

  clear() {
    this.app.filters.select([], true, true);
    announce("nothing is selected");
    return this.app.refresh();
  }

  #announce() {
    announce(`${plural(this.app.filters.selecting, "image")} selected`);
  }

  /** How many pass and are selected, in the footer. */
  showCounts() {
    const {filters, study} = this.app;
    const all = plural(study.count, "image");
    const parts = [filters.passing < study.count ? `${filters.passing.toLocaleString("en")} of ${all} pass` : all];
    if (filters.selecting > 0) parts.push(`${filters.selecting.toLocaleString("en")} selected`);
    byId("selection").textContent = parts.join(", ");
    byId("clear-selection").disabled = filters.selecting === 0;
    byId("csv").textContent = filters.selecting > 0 ? "Selection as CSV" : "CSV of what passes";
  }

  /** The selected images, else those that pass, as a table. */
  async saveCsv() {
    const {study, edits, solution, groups, filters} = this.app;
    const [paths, rows, columns] = await Promise.all([study.allPaths(), study.rows(), study.allColumns()]);
    const {about, labels} = solution;
    const line = (i) => [
      paths[i], rows[i], ...(groups[i] < about.k ? [labels[i], groups[i], edits.nameOf(about, groups[i])] : ["", "", ""]),
      ...columns.map((column) => column.values[column.codes[i]] ?? ""),
    ];
    const chosen = filters.chosen();
    const lines = [["path", "row", "label", "group", "name", ...columns.map((column) => column.name)], ...chosen.map(line)];
    download("selection.csv", "text/csv", lines.map((fields) => `${fields.map(csvField).join(",")}\n`).join(""));
    announce(`selection.csv: ${plural(chosen.length, "image")}`);
  }
}
