// The mark of each image: its colour as a pixel, and its shape. Computed when colours, filters or names change, not in
// each frame.
import {colourOfGroup, pixelOf, rampPixels, shapeOfGroup, SHAPES} from "./palette.js";

const RAMP = rampPixels();

/** The marks of N images. */
export class Marks {
  constructor(count) {
    this.pixels = new Uint32Array(count);
    this.shapes = new Uint8Array(count);
    this.grey = 0;
  }

  /**
   * `colouring`: {codes, pixelOf: Uint32Array by code, shapeOf: Uint8Array by code}; codes beyond have no value and are
   * grey. `strong(i)`: Uint8Array, 1 of images that keep their colour. `hideOthers`: whether the rest is not drawn.
   */
  fill(colouring, passes, selected, selecting, grey, hideOthers) {
    this.grey = pixelOf(grey);
    const {codes, pixels: table, shapes} = colouring;
    const weak = hideOthers ? 0 : this.grey;
    for (let i = 0; i < this.pixels.length; ++i) {
      const strong = passes[i] === 1 && (selecting === 0 || selected[i] === 1);
      const code = codes[i];
      this.pixels[i] = !strong ? (passes[i] === 1 ? this.grey : weak) : code < table.length ? table[code] : this.grey;
      this.shapes[i] = code < shapes.length ? shapes[code] : 0;
    }
  }
}

/** By group: `groups` of each image; those in `grey` (a Set) have no colour. */
export function colourByGroup(groups, groupCount, without) {
  const none = pixelOf("#9a9a9a");
  return {
    codes: groups,
    pixels: Uint32Array.from({length: groupCount}, (_, g) => (without.has(g) ? none : pixelOf(colourOfGroup(g)))),
    shapes: Uint8Array.from({length: groupCount}, (_, g) => shapeOfGroup(g)),
  };
}

/** By the bytes of silhouettes, from -1 to 1. */
export function colourBySilhouette(bytes) {
  return {codes: bytes, pixels: RAMP.subarray(0, 255), shapes: new Uint8Array(255)};
}

/** By a column: numbers on a ramp, other values as groups, the most frequent first. */
export function colourByColumn(column) {
  if (column.numbers) {
    const low = Math.min(...column.numbers), high = Math.max(...column.numbers);
    const at = (value) => (high > low ? Math.round(((value - low) / (high - low)) * 255) : 127);
    const pixels = Uint32Array.from(column.numbers, (value) => RAMP[at(value)]);
    return {codes: column.codes, pixels, shapes: new Uint8Array(pixels.length)};
  }
  const ranks = ranksOf(column);
  return {
    codes: column.codes,
    pixels: Uint32Array.from(ranks, (rank) => pixelOf(colourOfGroup(rank))),
    shapes: Uint8Array.from(ranks, (rank) => shapeOfGroup(rank)),
  };
}

/** The place of each value in the order of how frequent it is. */
export function ranksOf(column) {
  const counts = countsOf(column);
  const order = [...counts.keys()].sort((a, b) => counts[b] - counts[a] || a - b);
  const ranks = new Uint32Array(order.length);
  order.forEach((value, rank) => (ranks[value] = rank));
  return ranks;
}

/** How many images have each value. */
export function countsOf(column) {
  const counts = new Uint32Array(column.values.length);
  for (const code of column.codes) if (code < counts.length) ++counts[code];
  return counts;
}

/** Of each shape the pixels of a mark that is `side` wide: [[dx, dy] ...] from its middle. */
export const stampsOf = (() => {
  const kept = new Map();
  return (side) => {
    if (!kept.has(side)) kept.set(side, SHAPES.map((shape) => stampOf(shape, side)));
    return kept.get(side);
  };
})();

const INSIDE = {
  disc: (x, y) => x * x + y * y <= 1,
  square: (x, y) => Math.abs(x) <= 0.85 && Math.abs(y) <= 0.85,
  diamond: (x, y) => Math.abs(x) + Math.abs(y) <= 1.15,
  triangle: (x, y) => y <= 0.8 && Math.abs(x) <= (y + 1.05) * 0.62,
  cross: (x, y) => Math.abs(x) <= 0.36 || Math.abs(y) <= 0.36,
  ring: (x, y) => x * x + y * y <= 1.1 && x * x + y * y >= 0.32,
};

function stampOf(shape, side) {
  const inside = side < 5 ? INSIDE.square : INSIDE[shape];
  const reach = Math.floor(side / 2);
  const places = [];
  for (let dy = -reach; dy < side - reach; ++dy)
    for (let dx = -reach; dx < side - reach; ++dx) {
      const half = side / 2;
      const shift = side % 2 === 0 ? 0.5 : 0;
      if (side < 3 || inside((dx + shift) / half, (dy + shift) / half)) places.push([dx, dy]);
    }
  return places;
}
