// Draws one pane: points into the pixels of an ImageData, thumbnails over them where there is room, names of clusters.
// No WebGL: it may not read pictures from a disk, and is missing on many machines.
import {BLOCK} from "./layouts.js";
import {stampsOf} from "./marks.js";

const MOST_THUMBNAILS = 2000;
const LEAST_THUMBNAIL = 22; // px of the screen; where images lie closer, a few stand for many
const LEAST_IN_GRID = 12; // where none is in the way of another
const FEW = 34; // px of those few
const SHEETS_AT_ONCE = 12;

export class Painter {
  constructor(canvas, atlases) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.atlases = atlases;
    this.image = null;
    this.seen = new Int32Array(0); // images in sight, in order
    this.seenCount = 0;
    this.thumbnails = []; // {i, x, y, side} of the last frame
  }

  /** The canvas takes the size that the page gives it, in pixels of the screen. */
  resize(ratio) {
    const width = Math.max(1, Math.round(this.canvas.clientWidth * ratio));
    const height = Math.max(1, Math.round(this.canvas.clientHeight * ratio));
    if (this.image && this.canvas.width === width && this.canvas.height === height) return false;
    this.canvas.width = width;
    this.canvas.height = height;
    this.image = new ImageData(width, height);
    this.pixels = new Uint32Array(this.image.data.buffer);
    return true;
  }

  /** `scene`: {layout, camera, marks, ratio, pictures, size, labels, focus, selected, lasso, ink, paper}. */
  draw(scene) {
    this.atlases.begin();
    this.#look(scene);
    this.#choose(scene);
    this.#drawPoints(scene);
    this.context.putImageData(this.image, 0, 0);
    this.#drawThumbnails(scene);
    this.#drawLabels(scene);
    this.#drawFocus(scene);
    this.#drawLasso(scene);
  }

  // The images in sight: whole blocks are passed over by their bounds.
  #look({layout, camera, marks}) {
    const {x, y, bounds, count} = layout;
    const {scale, left, top, width, height} = camera;
    if (this.seen.length < count) this.seen = new Int32Array(count);
    const {seen} = this;
    const {pixels} = marks;
    const x0 = -left / scale, x1 = (width - left) / scale, y0 = -top / scale, y1 = (height - top) / scale;
    let found = 0;
    this.blocks = 0;
    for (let block = 0, begin = 0; begin < count; ++block, begin += BLOCK) {
      const b = 4 * block;
      if (bounds[b] > x1 || bounds[b + 1] > y1 || bounds[b + 2] < x0 || bounds[b + 3] < y0) continue;
      const end = Math.min(begin + BLOCK, count);
      const before = found;
      for (let i = begin; i < end; ++i)
        if (pixels[i] !== 0 && x[i] >= x0 && x[i] <= x1 && y[i] >= y0 && y[i] <= y1) seen[found++] = i;
      if (found > before) ++this.blocks;
    }
    this.seenCount = found;
  }

  #drawPoints({layout, camera, marks, ratio}) {
    const {x, y, count, spacing} = layout;
    const {scale, left, top, width, height} = camera;
    const {pixels: target, seen, seenCount} = this;
    const {pixels, shapes, grey} = marks;
    target.fill(0);
    const least = count > 250000 ? 1 : 2;
    const side = Math.round(Math.min(Math.max(0.35 * scale * spacing, least), 9 * ratio));
    if (side === 1) {
      for (let s = 0; s < seenCount; ++s) {
        const i = seen[s];
        const at = ((y[i] * scale + top) | 0) * width + ((x[i] * scale + left) | 0);
        if (pixels[i] !== grey || target[at] === 0) target[at] = pixels[i];
      }
      return;
    }
    const stamps = stampsOf(side).map((stamp) => Int32Array.from(stamp, ([dx, dy]) => dy * width + dx));
    for (let s = 0; s < seenCount; ++s) {
      const i = seen[s];
      const px = (x[i] * scale + left) | 0, py = (y[i] * scale + top) | 0;
      if (px < side || py < side || px >= width - side || py >= height - side) continue;
      const at = py * width + px;
      const pixel = pixels[i];
      const stamp = stamps[shapes[i]];
      if (pixel === grey) {
        for (let p = 0; p < stamp.length; ++p) if (target[at + stamp[p]] === 0) target[at + stamp[p]] = pixel;
      } else {
        for (let p = 0; p < stamp.length; ++p) target[at + stamp[p]] = pixel;
      }
    }
  }

  // At most one thumbnail in a cell of a grid that is fixed to the layout, so that they stay while it is moved, and none
  // over another.
  #choose({layout, camera, marks, ratio, pictures, size}) {
    this.thumbnails = [];
    if (!pictures || !this.atlases.there || layout.moving) return;
    const ideal = camera.scale * layout.spacing * 0.95 * size;
    const roomy = ideal >= (layout.even ? LEAST_IN_GRID : LEAST_THUMBNAIL) * ratio;
    const side = roomy ? Math.min(ideal, 200 * ratio) : FEW * ratio * size;
    const step = roomy ? side / camera.scale : 2 ** Math.ceil(Math.log2((2 * side) / camera.scale));
    const level = this.#levelFor(side / ratio);
    this.level = level;
    const grid = new PlaceGrid(camera, step);
    for (let s = 0; s < this.seenCount && this.thumbnails.length < MOST_THUMBNAILS; ++s) {
      const i = this.seen[s];
      if (i % level.step !== 0 || marks.pixels[i] === marks.grey) continue;
      const x = layout.x[i] * camera.scale + camera.left, y = layout.y[i] * camera.scale + camera.top;
      if (grid.take(layout.x[i], layout.y[i], x, y, 0.96 * side)) this.thumbnails.push({i, x: x - side / 2, y: y - side / 2, side});
    }
  }

  // Cells of 64 pixels where they lie in few files, else those of the overview, which lie in one.
  #levelFor(side) {
    const overview = this.atlases.level("32"), large = this.atlases.level("256");
    if (this.blocks > SHEETS_AT_ONCE || (side <= 32 && overview.step === 1)) return overview;
    return large && side > 96 && this.blocks <= SHEETS_AT_ONCE / 4 ? large : this.atlases.level("64");
  }

  #drawThumbnails({marks, ratio}) {
    const {context} = this;
    context.lineWidth = Math.max(1.5 * ratio, 1);
    context.imageSmoothingEnabled = true;
    let last = -1;
    for (const thumbnail of this.thumbnails) {
      const {i, x, y, side} = thumbnail;
      if (!this.atlases.draw(context, this.level, i, x, y, side)) continue;
      const pixel = marks.pixels[i];
      if (pixel !== last) context.strokeStyle = cssColour(pixel);
      last = pixel;
      context.strokeRect(x, y, side, side);
    }
  }

  #drawLabels({camera, labels, ratio, ink, paper}) {
    const {context} = this;
    context.font = `600 ${13 * ratio}px system-ui, sans-serif`;
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.lineWidth = 4 * ratio;
    const taken = [];
    context.textAlign = "center";
    for (const {x, y, text, left} of labels) {
      const half = context.measureText(text).width / 2 + 4 * ratio;
      const px = x * camera.scale + camera.left - (left ? half : 0), py = y * camera.scale + camera.top;
      if (px < -half || py < 0 || px > camera.width || py > camera.height) continue;
      if (taken.some((box) => Math.abs(box.px - px) < box.half + half && Math.abs(box.py - py) < 17 * ratio)) continue;
      taken.push({px, py, half});
      context.strokeStyle = paper;
      context.strokeText(text, px, py);
      context.fillStyle = ink;
      context.fillText(text, px, py);
    }
  }

  // The image that the keyboard is at: larger than the others, with a frame.
  #drawFocus({layout, camera, ratio, focus, pictures, ink, paper}) {
    if (focus < 0) return;
    const {context} = this;
    const x = layout.x[focus] * camera.scale + camera.left, y = layout.y[focus] * camera.scale + camera.top;
    const drawn = this.thumbnails.find((thumbnail) => thumbnail.i === focus);
    const side = Math.max(drawn?.side ?? 0, (pictures && this.atlases.there ? 64 : 14) * ratio);
    if (pictures && this.atlases.there) this.atlases.draw(context, this.atlases.level("64"), focus, x - side / 2, y - side / 2, side);
    for (const [colour, width] of [[paper, 6], [ink, 3]]) {
      context.strokeStyle = colour;
      context.lineWidth = width * ratio;
      context.strokeRect(x - side / 2, y - side / 2, side, side);
    }
  }

  #drawLasso({lasso, ratio, ink}) {
    if (lasso.length < 2) return;
    const {context} = this;
    context.beginPath();
    lasso.forEach(([x, y], corner) => (corner === 0 ? context.moveTo(x, y) : context.lineTo(x, y)));
    context.closePath();
    context.setLineDash([6 * ratio, 4 * ratio]);
    context.strokeStyle = ink;
    context.lineWidth = 2 * ratio;
    context.stroke();
    context.setLineDash([]);
  }

  /** The image at a place of the canvas, -1 where there is none near. */
  hit({layout, camera, ratio}, px, py) {
    for (let t = this.thumbnails.length - 1; t >= 0; --t) {
      const {i, x, y, side} = this.thumbnails[t];
      if (px >= x && px <= x + side && py >= y && py <= y + side) return i;
    }
    let nearest = -1, least = (10 * ratio) ** 2;
    for (let s = 0; s < this.seenCount; ++s) {
      const i = this.seen[s];
      const dx = layout.x[i] * camera.scale + camera.left - px, dy = layout.y[i] * camera.scale + camera.top - py;
      const distance = dx * dx + dy * dy;
      if (distance < least) {
        least = distance;
        nearest = i;
      }
    }
    return nearest;
  }
}

// Who stands where: cells of the layout, each of which one thumbnail takes.
class PlaceGrid {
  constructor(camera, step) {
    this.step = step;
    this.column = Math.floor(-camera.left / camera.scale / step) - 1;
    this.row = Math.floor(-camera.top / camera.scale / step) - 1;
    this.columns = Math.ceil(camera.width / camera.scale / step) + 3;
    this.rows = Math.ceil(camera.height / camera.scale / step) + 3;
    this.taken = new Array(this.columns * this.rows);
    this.tries = new Uint8Array(this.columns * this.rows);
  }

  take(layoutX, layoutY, x, y, side) {
    const column = Math.floor(layoutX / this.step) - this.column, row = Math.floor(layoutY / this.step) - this.row;
    const cell = row * this.columns + column;
    if (this.taken[cell] || this.tries[cell] > 5) return false;
    ++this.tries[cell];
    for (let r = Math.max(row - 1, 0); r <= Math.min(row + 1, this.rows - 1); ++r)
      for (let c = Math.max(column - 1, 0); c <= Math.min(column + 1, this.columns - 1); ++c) {
        const other = this.taken[r * this.columns + c];
        if (other && Math.abs(other[0] - x) < side && Math.abs(other[1] - y) < side) return false;
      }
    this.taken[cell] = [x, y];
    return true;
  }
}

const cssColour = (pixel) => `rgb(${pixel & 255} ${(pixel >> 8) & 255} ${(pixel >> 16) & 255})`;
