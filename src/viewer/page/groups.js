// From clusters to groups, which are clusters after all merges, and from groups to colours.
import {byId, styleColour} from "./dom.js";
import {colourByColumn, colourByGroup, colourBySilhouette} from "./marks.js";

/** "kmeans, k = 8" */
export const titleOf = (about) => `${about.clustering}, k = ${about.k}`;

/** Of each image its cluster after merges; what stands for none stays. */
export function groupsOf({about, labels, none}, edits) {
  const table = new labels.constructor(Math.min(none, 65535) + 1).fill(none);
  for (let c = 0; c < about.k; ++c) table[c] = edits.target(about, c);
  const groups = new labels.constructor(labels.length);
  for (let i = 0; i < labels.length; ++i) groups[i] = labels[i] < about.k ? table[labels[i]] : none;
  return groups;
}

/** Fills the marks of both panes: by what the person has chosen, the second one by its own clusters. */
export async function colourMarks(app) {
  const {filters} = app;
  const fill = (marks, colouring) =>
    marks.fill(colouring, filters.passes, filters.selected, filters.selecting, styleColour("--rest"), byId("hide").checked);
  fill(app.marks, await chosenColouring(app));
  if (app.second) fill(app.secondMarks, byGroup(app, app.second, app.secondGroups));
}

async function chosenColouring(app) {
  const {colouring, solution, study} = app;
  if (colouring === "silhouette" && solution.silhouettes) return colourBySilhouette(solution.silhouettes);
  if (colouring.startsWith("column ")) return colourByColumn(await study.column(Number(colouring.slice("column ".length))));
  return byGroup(app, solution, app.groups);
}

function byGroup(app, {about}, groups) {
  const without = new Set();
  for (let c = 0; c < about.k; ++c) if (app.edits.said(about, c).excluded) without.add(c);
  return colourByGroup(groups, about.k, without);
}
