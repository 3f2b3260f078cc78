// Where each image lies: a map, two axes of a map in space, or a grid ordered by cluster; and the way from one to the
// next.
import {SIDE} from "./camera.js";

export const BLOCK = 1024; // images whose bounds are kept together: those of one atlas
const SECONDS = 0.7; // of a transition
const PLANES = [["x, y", 0, 1], ["x, z", 0, 2], ["y, z", 1, 2]];

/** What can be shown: [{id, name, caption}]. */
export function layoutsOf(study) {
  const maps = study.maps.flatMap((map, m) => {
    const planes = map.dimensions === 3 ? PLANES : [["", 0, 1]];
    return planes.map(([plane, across, down]) => ({
      id: `map ${m} ${across} ${down}`,
      name: plane ? `${map.name}: ${plane}` : map.name,
      caption: map.caption,
    }));
  });
  return [...maps, {id: "grid", name: "grid by cluster", caption: "Clusters one below the other; in each the images of the highest silhouette come first."}];
}

export class Layout {
  constructor(count) {
    this.count = count;
    this.x = new Float32Array(count).fill(SIDE / 2);
    this.y = new Float32Array(count).fill(SIDE / 2);
    this.bounds = new Float32Array(4 * Math.ceil(count / BLOCK)); // left, top, right, bottom of each block
    this.from = this.to = null;
    this.began = 0;
    this.spacing = SIDE / Math.sqrt(count); // of images spread evenly
    this.even = false;
  }

  /** Goes to new places, at once or on the way that step() takes. */
  show(to, animated, now) {
    this.to = to;
    this.even = to.cell !== undefined; // a grid
    this.spacing = to.cell ?? SIDE / Math.sqrt(this.count);
    this.from = animated ? {x: this.x.slice(), y: this.y.slice()} : null;
    this.began = now;
    if (!animated) this.#arrive();
  }

  get moving() {
    return this.from !== null;
  }

  /** One frame of the way. */
  step(now) {
    if (!this.moving) return;
    const share = Math.min((now - this.began) / (1000 * SECONDS), 1);
    if (share >= 1) return this.#arrive();
    const eased = share * share * (3 - 2 * share);
    const {x, y, from, to} = this;
    for (let i = 0; i < this.count; ++i) {
      x[i] = from.x[i] + (to.x[i] - from.x[i]) * eased;
      y[i] = from.y[i] + (to.y[i] - from.y[i]) * eased;
    }
    this.bounds.fill(0);
    for (let b = 0; b < this.bounds.length; b += 4) this.bounds[b + 2] = this.bounds[b + 3] = SIDE; // seen, wherever
  }

  #arrive() {
    this.x.set(this.to.x);
    this.y.set(this.to.y);
    this.from = null;
    const {x, y, bounds} = this;
    for (let b = 0; 4 * b < bounds.length; ++b) {
      let left = Infinity, top = Infinity, right = -Infinity, bottom = -Infinity;
      for (let i = b * BLOCK; i < Math.min((b + 1) * BLOCK, this.count); ++i) {
        if (x[i] < left) left = x[i];
        if (x[i] > right) right = x[i];
        if (y[i] < top) top = y[i];
        if (y[i] > bottom) bottom = y[i];
      }
      bounds.set([left, top, right, bottom], 4 * b);
    }
  }
}

/** The places of a grid: images that pass, by group, then by falling silhouette; the others lie where they are. */
export function gridPlaces(count, groups, groupCount, silhouettes, passes, aspect) {
  const keys = new Float64Array(count);
  const sizes = new Uint32Array(groupCount);
  let passing = 0;
  for (let i = 0; i < count; ++i) {
    if (!passes[i] || groups[i] >= groupCount) continue;
    const worse = silhouettes ? (silhouettes[i] === 255 ? 255 : 254 - silhouettes[i]) : 0;
    keys[passing++] = (groups[i] * 256 + worse) * count + i;
    ++sizes[groups[i]];
  }
  const ordered = keys.subarray(0, passing).sort();
  const {columns, cell} = gridShape(sizes, aspect);
  const x = new Float32Array(count).fill(SIDE / 2);
  const y = new Float32Array(count).fill(SIDE / 2);
  let place = 0, row = 0.5;
  for (let group = 0; group < groupCount; ++group) {
    if (sizes[group] === 0) continue;
    for (let inside = 0; inside < sizes[group]; ++inside, ++place) {
      const i = ordered[place] % count;
      x[i] = (inside % columns + 0.5) * cell;
      y[i] = (row + Math.floor(inside / columns)) * cell;
    }
    row += Math.ceil(sizes[group] / columns) + 0.6;
  }
  return {x, y, cell: 0.95 * cell};
}

// The widest cells with which all rows fit.
function gridShape(sizes, aspect) {
  const all = sizes.reduce((sum, size) => sum + size, 0);
  let best = {columns: 1, cell: 0};
  const usual = Math.max(1, Math.ceil(Math.sqrt(all * Math.max(aspect, 0.3))));
  for (let columns = Math.max(1, usual >> 1); columns <= usual * 3; columns += Math.max(1, usual >> 5)) {
    let rows = 0;
    for (const size of sizes) if (size > 0) rows += Math.ceil(size / columns) + 0.6;
    const cell = Math.min(SIDE / columns, SIDE / rows / Math.max(1 / aspect, 1));
    if (cell > best.cell) best = {columns, cell};
  }
  return best;
}
