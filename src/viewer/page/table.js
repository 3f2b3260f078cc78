// The images that pass as a table: for whom a map is no use, and for whoever wants to read.
import {element} from "./dom.js";
import {shown} from "./text.js";
import {silhouetteOf} from "./study.js";

const PAGE = 100;

export class ImageTable {
  constructor(app) {
    this.app = app;
    this.page = 0;
    this.by = "cluster";
    this.falling = false;
  }

  /** The parts of the table. */
  async render() {
    const {app} = this;
    const [paths, columns] = await Promise.all([app.study.allPaths(), app.study.allColumns()]);
    const rows = app.filters.chosen();
    this.#sort(rows, paths, columns);
    const pages = Math.max(1, Math.ceil(rows.length / PAGE));
    this.page = Math.min(this.page, pages - 1);
    const shownRows = rows.slice(this.page * PAGE, (this.page + 1) * PAGE);
    const heads = ["path", "cluster", ...(app.solution.silhouettes ? ["silhouette"] : []), ...columns.map((column) => column.name)];
    return [
      this.#pager(rows.length, pages),
      element("table", {}, element("thead", {}, element("tr", {}, heads.map((head) => this.#head(head)))), element("tbody", {}, shownRows.map((i) => this.#row(i, paths, columns)))),
    ];
  }

  #pager(count, pages) {
    const turn = (by) => () => {
      this.page += by;
      this.app.showTable();
    };
    return element(
      "div",
      {class: "row"},
      `${count.toLocaleString("en")} images, page ${this.page + 1} of ${pages}`,
      element("button", {disabled: this.page === 0, onclick: turn(-1)}, "Previous"),
      element("button", {disabled: this.page + 1 >= pages, onclick: turn(1)}, "Next"),
    );
  }

  #head(name) {
    const sorted = this.by === name;
    const sort = () => {
      this.falling = sorted && !this.falling;
      this.by = name;
      this.page = 0;
      this.app.showTable();
    };
    return element("th", {scope: "col", "aria-sort": sorted ? (this.falling ? "descending" : "ascending") : null}, element("button", {onclick: sort}, shown(name), sorted ? (this.falling ? " ▾" : " ▴") : ""));
  }

  #row(i, paths, columns) {
    const {app} = this;
    const {about, silhouettes} = app.solution;
    const group = app.groups[i];
    return element(
      "tr",
      {},
      element("td", {}, element("button", {onclick: () => app.images.open(i)}, element("bdi", {}, shown(paths[i])))),
      element("td", {}, element("bdi", {}, group < about.k ? shown(app.edits.nameOf(about, group)) : "")),
      silhouettes ? element("td", {class: "number"}, silhouettes[i] === 255 ? "" : silhouetteOf(silhouettes[i]).toFixed(2)) : null,
      columns.map((column) => element("td", {}, element("bdi", {}, shown(column.values[column.codes[i]] ?? "")))),
    );
  }

  #sort(rows, paths, columns) {
    const {groups, solution} = this.app;
    const column = columns.find((one) => one.name === this.by);
    const compare = {
      path: (a, b) => (paths[a] < paths[b] ? -1 : paths[a] > paths[b] ? 1 : 0),
      cluster: (a, b) => groups[a] - groups[b],
      silhouette: (a, b) => solution.silhouettes[a] - solution.silhouettes[b],
    }[this.by] ?? ((a, b) => valueOf(column, a) - valueOf(column, b));
    const sign = this.falling ? -1 : 1;
    rows.sort((a, b) => sign * compare(a, b) || a - b);
  }
}

// Codes are in the order of the values' texts; numbers go by their size.
function valueOf(column, i) {
  const code = column.codes[i];
  return column.numbers ? column.numbers[code] ?? Infinity : code;
}
