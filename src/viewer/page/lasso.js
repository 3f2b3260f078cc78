// Which images lie inside of a line that was drawn around them: the area is filled on a canvas of its own, so a million
// images cost a look-up each.

/** `line`: [[x, y] ...] in pixels of the canvas. */
export function imagesInside(line, {layout, camera}, seen, seenCount, passes) {
  const {width, height, scale, left, top} = camera;
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", {willReadFrequently: true});
  context.beginPath();
  line.forEach(([x, y], corner) => (corner === 0 ? context.moveTo(x, y) : context.lineTo(x, y)));
  context.fill();
  const pixels = new Uint32Array(context.getImageData(0, 0, width, height).data.buffer);
  const inside = [];
  for (let s = 0; s < seenCount; ++s) {
    const i = seen[s];
    const x = (layout.x[i] * scale + left) | 0, y = (layout.y[i] * scale + top) | 0;
    if (passes[i] && x >= 0 && y >= 0 && x < width && y < height && pixels[y * width + x] >>> 24 > 127) inside.push(i);
  }
  return inside;
}
