// What the colours of the map stand for, where they are not those of the clusters, which the list shows.
import {byId, element} from "./dom.js";
import {countsOf, stampsOf} from "./marks.js";
import {colourOfGroup, rampPixels, shapeOfGroup} from "./palette.js";
import {plural, shown} from "./text.js";

const MOST_NAMED = 16; // values, the most frequent first

/** `coloured`: a column, {low, high} of a scale, or null where the clusters give the colours. */
export function renderLegend(coloured) {
  const parts = coloured === null ? [] : coloured.codes && !coloured.numbers ? valueParts(coloured) : scaleParts(coloured);
  byId("legend").hidden = parts.length === 0;
  byId("legend").replaceChildren(...parts);
}

function valueParts(column) {
  const counts = countsOf(column);
  const order = [...counts.keys()].sort((a, b) => counts[b] - counts[a] || a - b); // as colourByColumn has it
  const named = order.slice(0, MOST_NAMED).map((value, rank) => element("span", {}, mark(colourOfGroup(rank), shapeOfGroup(rank)), " ", element("bdi", {}, shown(column.values[value]))));
  const more = order.length - named.length;
  return more > 0 ? [...named, element("span", {}, `and ${plural(more, "rarer value")}`)] : named;
}

function scaleParts({numbers, low = Math.min(...numbers), high = Math.max(...numbers)}) {
  const canvas = element("canvas", {width: "256", height: "12", class: "ramp", role: "img", "aria-label": "colours from the lowest to the highest"});
  const context = canvas.getContext("2d");
  const image = new ImageData(256, 12);
  const pixels = new Uint32Array(image.data.buffer);
  for (let row = 0; row < 12; ++row) pixels.set(rampPixels(), 256 * row);
  context.putImageData(image, 0, 0);
  return [element("span", {}, String(low)), canvas, element("span", {}, String(high))];
}

/** A mark as it stands on the map. */
export function mark(colour, shape) {
  const side = 15;
  const canvas = element("canvas", {width: side + 4, height: side + 4, "aria-hidden": "true"});
  const context = canvas.getContext("2d");
  context.fillStyle = colour;
  for (const [dx, dy] of stampsOf(side)[shape]) context.fillRect(2 + 7 + dx, 2 + 7 + dy, 1, 1);
  return canvas;
}
