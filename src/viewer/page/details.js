// One image: large, with what is known of it and its nearest neighbours.
import {element} from "./dom.js";
import {shown} from "./text.js";
import {silhouetteOf} from "./study.js";

/** A button with the thumbnail of image i that opens it. */
export function thumbnail(app, i) {
  const side = 60 * Math.min(devicePixelRatio, 2);
  const canvas = element("canvas", {width: String(side), height: String(side)});
  const button = element("button", {onclick: () => app.images.open(i), "aria-label": `image ${i}`}, canvas);
  if (app.atlases.there) app.atlases.drawSoon(canvas.getContext("2d"), app.atlases.level("64"), i, side);
  app.study.path(i).then((path) => {
    button.setAttribute("aria-label", shown(path));
    button.title = shown(path);
  });
  return button;
}

/** The parts of the details of image i. */
export async function renderImage(app, i) {
  const {study, edits, solution} = app;
  const [path, link, neighbours, columns] = await Promise.all([study.path(i), study.link(i), study.neighbours(i), study.allColumns()]);
  const group = app.groups[i];
  const known = [];
  if (group < solution.about.k)
    known.push(["cluster", element("button", {onclick: () => app.clusters.open(group)}, element("bdi", {}, shown(edits.nameOf(solution.about, group))))]);
  const silhouette = solution.silhouettes ? silhouetteOf(solution.silhouettes[i]) : NaN;
  if (Number.isFinite(silhouette)) known.push(["silhouette", silhouette.toFixed(2)]);
  for (const column of columns) {
    const value = column.values[column.codes[i]];
    if (value !== undefined) known.push([shown(column.name), element("bdi", {}, shown(value))]);
  }
  const selected = app.filters.selected[i] === 1;
  return [
    picture(app, i, link, shown(path)),
    element("p", {class: "path"}, element("bdi", {}, shown(path))),
    element("dl", {}, known.map(([name, value]) => [element("dt", {}, name), element("dd", {}, value)])),
    element(
      "div",
      {class: "row"},
      element("button", {"aria-pressed": String(selected), onclick: () => app.selection.toggle(i)}, selected ? "Selected" : "Select"),
      element("button", {onclick: () => app.images.goTo(i)}, "Show on the map"),
      link ? element("a", {href: link, target: "_blank", rel: "noopener noreferrer"}, "open the file") : null,
    ),
    neighbours.length > 0 ? element("h2", {}, "Nearest images") : null,
    neighbours.length > 0 ? element("div", {class: "strip", id: "neighbours"}, neighbours.map((other) => thumbnail(app, other))) : null,
  ].filter((part) => part !== null);
}

// The image itself where it lies beside, else the largest copy that the viewer has.
function picture(app, i, link, path) {
  if (!link) return copy(app, i, path);
  const image = element("img", {src: link, alt: path});
  image.addEventListener("error", () => image.replaceWith(copy(app, i, path)));
  return image;
}

function copy(app, i, path) {
  if (!app.atlases.there) return element("p", {class: "quiet"}, "without a picture");
  const level = app.atlases.level("256") ?? app.atlases.level("64");
  const side = level.cell * 2;
  const canvas = element("canvas", {class: "large", width: String(side), height: String(side), role: "img", "aria-label": path});
  app.atlases.drawSoon(canvas.getContext("2d"), level, i, side);
  return canvas;
}
