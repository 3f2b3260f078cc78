// Which part of the layout is seen. Layouts lie in a square of 0 .. 65535.

export const SIDE = 65535;
const CLOSEST = 4; // pixels of one step of the layout's grid

export class Camera {
  constructor() {
    this.width = this.height = 1; // of the canvas, in its own pixels
    this.scale = 1; // pixels of one unit of the layout
    this.x = this.y = SIDE / 2; // what is in the middle
  }

  resize(width, height) {
    const grown = Math.min(width, height) / Math.min(this.width, this.height);
    this.width = width;
    this.height = height;
    if (Number.isFinite(grown) && grown > 0) this.scale *= grown;
  }

  /** Shows a box of the layout whole, with a margin. */
  fit(left = 0, top = 0, right = SIDE, bottom = SIDE) {
    const margin = 0.92;
    this.scale = margin * Math.min(this.width / Math.max(right - left, 1), this.height / Math.max(bottom - top, 1));
    this.scale = Math.min(this.scale, CLOSEST);
    this.x = (left + right) / 2;
    this.y = (top + bottom) / 2;
  }

  get left() {
    return this.width / 2 - this.x * this.scale;
  }

  get top() {
    return this.height / 2 - this.y * this.scale;
  }

  pan(dx, dy) {
    this.x = Math.min(Math.max(this.x - dx / this.scale, 0), SIDE);
    this.y = Math.min(Math.max(this.y - dy / this.scale, 0), SIDE);
  }

  /** Zooms so that what lies at (x, y) of the canvas stays there. */
  zoom(factor, x = this.width / 2, y = this.height / 2) {
    const least = (0.5 * Math.min(this.width, this.height)) / SIDE;
    const scale = Math.min(Math.max(this.scale * factor, least), CLOSEST);
    this.x += (x - this.width / 2) * (1 / this.scale - 1 / scale);
    this.y += (y - this.height / 2) * (1 / this.scale - 1 / scale);
    this.scale = scale;
  }
}
