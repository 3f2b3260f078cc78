// What the study holds, in the order of the first map: image i of every list here is image i of the atlases.
import {loadBytes, loadJson, loadNumbers, remember} from "./parts.js";
import {isNumber} from "./text.js";

export const NONE = {1: 0xff, 2: 0xffff, 4: 0xffffffff}; // stands for no value, by the width of a code

export class Study {
  constructor(about) {
    Object.assign(this, about);
    this.paths = null; // all of them, once somebody has searched or opened the table
    this.map = remember((m) => this.#readMap(m));
    this.solution = remember((s) => this.#readSolution(s));
    this.column = remember((c) => this.#readColumn(c));
    this.rows = remember(() => loadNumbers("rows", 4));
    this.linked = remember(() => loadBytes("linked"));
    this.pathBlockOf = remember((block) => loadJson(`paths-${block}`));
    this.neighbourBlockOf = remember((block) => loadNumbers(`neighbours-${block}`, 4));
  }

  async #readMap(m) {
    const axes = this.maps[m].dimensions;
    const all = await loadNumbers(`map-${m}`, 2);
    return Array.from({length: axes}, (_, axis) => {
      if (axes === 1) return all;
      const values = new Float32Array(this.count);
      for (let i = 0; i < this.count; ++i) values[i] = all[i * axes + axis];
      return values;
    });
  }

  async #readSolution(s) {
    const about = this.solutions[s];
    const [labels, silhouettes] = await Promise.all([
      loadNumbers(`solution-${s}`, about.bytes),
      about.silhouettes ? loadBytes(`silhouettes-${s}`) : null,
    ]);
    return {about, labels, silhouettes, none: NONE[about.bytes]};
  }

  async #readColumn(c) {
    const about = this.columns[c];
    const [codes, values] = await Promise.all([loadNumbers(`column-${c}`, about.bytes), loadJson(`values-${c}`)]);
    const numeric = values.length > 12 && values.every(isNumber);
    return {name: about.name, codes, values, none: NONE[about.bytes], numbers: numeric ? values.map(Number) : null};
  }

  async path(i) {
    return (await this.pathBlockOf(Math.floor(i / this.pathBlock)))[i % this.pathBlock];
  }

  async allPaths() {
    const blocks = Math.ceil(this.count / this.pathBlock);
    const read = await Promise.all(Array.from({length: blocks}, (_, block) => this.pathBlockOf(block)));
    return (this.paths ??= blocks === 1 ? read[0] : read.flat());
  }

  allColumns() {
    return Promise.all(this.columns.map((_, c) => this.column(c)));
  }

  /** The nearest images, the nearest first; none where no map stored them. */
  async neighbours(i) {
    if (this.neighboursEach === 0) return [];
    const block = await this.neighbourBlockOf(Math.floor(i / this.neighbourBlock));
    const begin = (i % this.neighbourBlock) * this.neighboursEach;
    return [...block.subarray(begin, begin + this.neighboursEach)].filter((other) => other !== NONE[4]);
  }

  /** The address of the image itself, relative to this page; null where a browser could not show it. */
  async link(i) {
    const [path, linked] = await Promise.all([this.path(i), this.linked()]);
    if (!linked[i]) return null;
    const from = path.startsWith("/") ? this.topLink : this.rootLink;
    const steps = `${from}/${path}`.split("/").filter((step) => step !== "");
    return `./${steps.map(encodeURIComponent).join("/")}`;
  }
}

/** A silhouette from its byte; NaN where there is none. */
export function silhouetteOf(byte) {
  return byte === 255 ? NaN : byte / 127 - 1;
}
