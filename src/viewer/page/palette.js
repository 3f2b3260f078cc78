// Colours that people with any kind of colour vision tell apart (Okabe and Ito, 2008), eight of them; beyond eight the
// shape of the mark changes as well. Ordered values take viridis, which is even in lightness.

export const COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#a89b00", "#8c6bb1"];
export const SHAPES = ["disc", "square", "diamond", "triangle", "cross", "ring"];
const VIRIDIS = ["#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725"];

export const colourOfGroup = (group) => COLOURS[group % COLOURS.length];
export const shapeOfGroup = (group) => Math.floor(group / COLOURS.length) % SHAPES.length;

/** "#rrggbb" as a pixel of an ImageData's Uint32Array, which is little-endian. */
export function pixelOf(colour) {
  const value = parseInt(colour.slice(1), 16);
  return ((255 << 24) | ((value & 255) << 16) | (value & 0xff00) | (value >> 16)) >>> 0;
}

/** 256 pixels from the lowest to the highest. */
export function rampPixels() {
  const stops = VIRIDIS.map((colour) => parseInt(colour.slice(1), 16));
  return Uint32Array.from({length: 256}, (_, i) => {
    const at = (i / 255) * (stops.length - 1);
    const low = Math.min(Math.floor(at), stops.length - 2);
    const mix = (shift) => {
      const a = (stops[low] >> shift) & 255;
      const b = (stops[low + 1] >> shift) & 255;
      return Math.round(a + (b - a) * (at - low));
    };
    return ((255 << 24) | (mix(0) << 16) | (mix(8) << 8) | mix(16)) >>> 0;
  });
}
