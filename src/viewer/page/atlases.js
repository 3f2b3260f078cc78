// Thumbnails, many to a picture. Only the pictures that are looked at are loaded, and the last few are kept.
import {loadBytes} from "./parts.js";

const SHEET_SIDE = 2048;
const MOST_PIXELS = 16 * SHEET_SIDE * SHEET_SIDE; // decoded ones: 4 bytes each, 256 MiB

export class Atlases {
  /** `arrived` is called when one has come. */
  constructor(study, arrived) {
    this.study = study;
    this.arrived = arrived;
    this.levels = study.atlases;
    this.sheets = new Map(); // "64-3" -> {bitmap, used}; bitmap null while it loads, or when it cannot be had
    this.pixels = 0;
    this.clock = 0;
    this.drawn = 0; // sheets of the frame that is being drawn
  }

  get there() {
    return this.levels.length > 0;
  }

  level(name) {
    return this.levels.find((level) => level.name === name) ?? null;
  }

  /** A frame begins: what was used before may go. */
  begin() {
    ++this.clock;
  }

  sheetOf(level, i) {
    const columns = SHEET_SIDE / level.cell;
    return Math.floor(i / level.step / (columns * columns));
  }

  /** Draws image i into a square of the canvas; false where its sheet has not come yet. */
  draw(context, level, i, x, y, side) {
    const number = i / level.step;
    const columns = SHEET_SIDE / level.cell;
    const each = columns * columns;
    const bitmap = this.#sheet(level, Math.floor(number / each));
    if (!bitmap) return false;
    const cell = number % each;
    const left = (cell % columns) * level.cell;
    const top = Math.floor(cell / columns) * level.cell;
    context.drawImage(bitmap, left, top, level.cell, level.cell, x, y, side, side);
    return true;
  }

  /** Draws it when its sheet has come. */
  async drawSoon(context, level, i, side) {
    const sheet = this.sheetOf(level, i);
    this.#sheet(level, sheet);
    await this.sheets.get(`${level.name}-${sheet}`).coming;
    this.draw(context, level, i, 0, 0, side);
  }

  #sheet(level, number) {
    const name = `${level.name}-${number}`;
    let sheet = this.sheets.get(name);
    if (!sheet) {
      sheet = {bitmap: null, used: this.clock, coming: null};
      this.sheets.set(name, sheet);
      sheet.coming = this.#load(name, sheet);
    }
    sheet.used = this.clock;
    return sheet.bitmap;
  }

  async #load(name, sheet) {
    try {
      sheet.bitmap = await createImageBitmap(await this.#picture(name));
      this.pixels += sheet.bitmap.width * sheet.bitmap.height;
      this.#forget();
      this.arrived();
    } catch (error) {
      console.warn(`atlas ${name}: ${error.message}`);
    }
  }

  async #picture(name) {
    if (this.study.single) return new Blob([await loadBytes(`atlas-${name}`)], {type: "image/jpeg"});
    const image = new Image();
    image.src = `atlas/${name}.jpg`;
    await image.decode();
    return image;
  }

  // Those that were used longest ago; never one of the frame that is being drawn.
  #forget() {
    const old = [...this.sheets].filter(([, sheet]) => sheet.bitmap && sheet.used < this.clock);
    old.sort(([, a], [, b]) => a.used - b.used);
    for (const [name, sheet] of old) {
      if (this.pixels <= MOST_PIXELS) return;
      this.pixels -= sheet.bitmap.width * sheet.bitmap.height;
      sheet.bitmap.close();
      this.sheets.delete(name);
    }
  }
}
