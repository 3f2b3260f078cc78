// The list of clusters, and the form in which a person names, merges, excludes and annotates one.
import {element, byId, styleColour} from "./dom.js";
import {thumbnail} from "./details.js";
import {colourOfGroup, shapeOfGroup} from "./palette.js";
import {stampsOf} from "./marks.js";
import {plural, shown} from "./text.js";

const EXAMPLES = 24;

/** Draws the list anew. */
export function renderClusters(app) {
  const {about} = app.solution;
  const groups = Array.from({length: about.k}, (_, c) => c).filter((c) => app.edits.target(about, c) === c);
  const order = byId("order").value;
  const size = (group) => app.edits.merged(about, group).reduce((sum, c) => sum + about.sizes[c], 0);
  const silhouette = (group) => about.clusterSilhouettes[group] ?? -2;
  if (order === "size") groups.sort((a, b) => size(b) - size(a));
  if (order === "silhouette") groups.sort((a, b) => silhouette(b) - silhouette(a));
  const items = groups.flatMap((group) => [
    groupItem(app, group, size(group)),
    ...app.edits.merged(about, group).slice(1).map((part) => partItem(app, part)),
  ]);
  byId("clusters").replaceChildren(...items);
}

/** "cats, 214 images, silhouette .31" */
export function clusterSentence(app, group) {
  const {about} = app.solution;
  const size = app.edits.merged(about, group).reduce((sum, c) => sum + about.sizes[c], 0);
  const silhouette = about.clusterSilhouettes[group];
  const excluded = app.edits.said(about, group).excluded ? ", excluded" : "";
  return `${shown(app.edits.nameOf(about, group))}, ${plural(size, "image")}${Number.isFinite(silhouette) ? `, silhouette ${silhouette.toFixed(2)}` : ""}${excluded}`;
}

function groupItem(app, group, size) {
  const {about} = app.solution;
  const said = app.edits.said(about, group);
  const silhouette = about.clusterSilhouettes[group];
  const name = shown(app.edits.nameOf(about, group));
  const hidden = app.filters.hidden.has(group);
  const figures = [plural(size, "image"), Number.isFinite(silhouette) ? `silhouette ${silhouette.toFixed(2)}` : null, said.name ? `cluster ${group}` : null];
  return element(
    "li",
    {class: said.excluded ? "excluded" : null},
    element("button", {class: "swatch", "aria-pressed": String(!hidden), "aria-label": `Show ${name}`, title: "show or hide", onclick: () => app.clusters.toggle(group)}, swatch(app, group)),
    element(
      "button",
      {class: "open", "aria-current": String(app.clusters.openGroup === group), onclick: () => app.clusters.open(group)},
      element("span", {class: "name"}, element("bdi", {}, name)),
      element("small", {}, figures.filter((figure) => figure !== null).join(" · ")),
    ),
  );
}

function partItem(app, part) {
  const {about} = app.solution;
  const name = shown(app.edits.nameOf(about, part));
  return element(
    "li",
    {class: "part"},
    element("span", {}, "+ ", element("bdi", {}, name), ` (${about.sizes[part]})`),
    element("button", {"aria-label": `Separate ${name}`, onclick: () => app.edits.change(about, part, {into: null})}, "separate"),
  );
}

/** The mark of a group as it stands on the map. */
export function swatch(app, group) {
  const side = 15;
  const canvas = element("canvas", {width: side + 4, height: side + 4});
  const context = canvas.getContext("2d");
  const excluded = app.edits.said(app.solution.about, group).excluded;
  context.fillStyle = excluded ? styleColour("--quiet") : colourOfGroup(group);
  for (const [dx, dy] of stampsOf(side)[shapeOfGroup(group)]) context.fillRect(2 + 7 + dx, 2 + 7 + dy, 1, 1);
  return canvas;
}

/** The form of one cluster, in the details. */
export function renderCluster(app, group) {
  const {about} = app.solution;
  const {edits} = app;
  const said = edits.said(about, group);
  const set = (what) => edits.change(about, group, what);
  const others = Array.from({length: about.k}, (_, c) => c).filter((c) => c !== group && edits.target(about, c) === c);
  const into = element(
    "select",
    {id: "merge", onchange: (event) => event.target.value !== "" && app.naming.merge(group, Number(event.target.value))},
    element("option", {value: ""}, "merge into …"),
    others.map((c) => element("option", {value: String(c)}, shown(edits.nameOf(about, c)))),
  );
  const strip = element("div", {class: "strip"}, examples(app, group).map((i) => thumbnail(app, i)));
  return [
    element("h2", {}, element("bdi", {}, clusterSentence(app, group))),
    element("label", {class: "field"}, "Name", element("input", {id: "cluster-name", value: said.name, placeholder: `cluster ${group}`, maxlength: "200", dir: "auto", onchange: (event) => set({name: event.target.value.trim()})})),
    element("label", {class: "field"}, "Note", element("textarea", {id: "cluster-note", rows: "3", value: said.note, dir: "auto", onchange: (event) => set({note: event.target.value})})),
    element("label", {class: "field"}, "Merge ", into),
    element("label", {class: "field"}, element("input", {id: "cluster-excluded", type: "checkbox", checked: said.excluded, class: "inline", onchange: (event) => set({excluded: event.target.checked})}), " exclude from what comes after"),
    element(
      "div",
      {class: "row"},
      element("button", {id: "select-cluster", onclick: () => app.selection.selectGroup(group)}, "Select its images"),
      element("button", {onclick: () => app.clusters.only(group)}, "Show only this"),
      element("button", {onclick: () => app.clusters.zoomTo(group)}, "Zoom to it"),
    ),
    element("h2", {}, app.solution.silhouettes ? "Its clearest images" : "Some of its images"),
    strip,
  ];
}

// Those of the highest silhouette, else evenly along the map.
function examples(app, group) {
  const {silhouettes} = app.solution;
  const own = [];
  for (let i = 0; i < app.study.count; ++i) if (app.groups[i] === group) own.push(i);
  if (silhouettes) {
    const rank = (i) => (silhouettes[i] === 255 ? -1 : silhouettes[i]);
    return own.sort((a, b) => rank(b) - rank(a) || a - b).slice(0, EXAMPLES);
  }
  const step = Math.max(1, Math.floor(own.length / EXAMPLES));
  return own.filter((_, place) => place % step === 0).slice(0, EXAMPLES);
}
