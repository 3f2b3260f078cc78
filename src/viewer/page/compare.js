// Two clusterings side by side: how many images of each cluster of the one lie in each of the other.
import {element} from "./dom.js";
import {titleOf} from "./groups.js";
import {shown} from "./text.js";

/** Counts of images that pass: rows are the groups of `one`, columns those of `other`; [[count ...] ...]. */
export function crossed(one, oneCount, other, otherCount, passes) {
  const table = Array.from({length: oneCount}, () => new Uint32Array(otherCount));
  for (let i = 0; i < passes.length; ++i)
    if (passes[i] && one[i] < oneCount && other[i] < otherCount) ++table[one[i]][other[i]];
  return table;
}

/** The table, with a button in each cell that selects its images. */
export function renderMoved(app) {
  const {solution, second, edits} = app;
  const table = crossed(app.groups, solution.about.k, app.secondGroups, second.about.k, app.filters.passes);
  const columns = Array.from({length: second.about.k}, (_, c) => c).filter((c) => table.some((row) => row[c] > 0));
  const name = (about, group) => shown(edits.nameOf(about, group));
  const rows = table.map((row, group) => [row, group]).filter(([row]) => row.some((count) => count > 0));
  return [
    element("h2", {}, `What moved: ${titleOf(solution.about)} (rows) → ${titleOf(second.about)} (columns)`),
    element(
      "table",
      {},
      element("thead", {}, element("tr", {}, element("th", {scope: "col"}, "cluster"), columns.map((c) => element("th", {scope: "col"}, element("bdi", {}, name(second.about, c)))))),
      element("tbody", {}, rows.map(([row, group]) => element(
        "tr",
        {},
        element("th", {scope: "row"}, element("bdi", {}, name(solution.about, group))),
        columns.map((c) => element("td", {class: "number"}, row[c] === 0 ? "" : element("button", {"aria-label": `Select ${row[c]} images of ${name(solution.about, group)} that are in ${name(second.about, c)}`, onclick: () => app.selection.selectCrossed(group, c)}, String(row[c])))),
      ))),
    ),
  ];
}
