// The page's data. A page that was opened from a disk may neither fetch nor import a file beside it, so each part is a
// classic script, data/NAME.js, that calls coteriePart(NAME, base64); of a single file it is an element in the page.

const arrived = new Map(); // name -> what takes the text

window.coteriePart = (name, text) => {
  const take = arrived.get(name);
  arrived.delete(name);
  if (take) take(text);
};

function partText(name) {
  const inside = document.getElementById(`part-${name}`);
  if (inside) return Promise.resolve(inside.textContent);
  return new Promise((resolve, reject) => {
    arrived.set(name, resolve);
    const script = document.createElement("script");
    script.src = `data/${name}.js`;
    script.onload = () => script.remove();
    script.onerror = () => reject(new Error(`data/${name}.js is missing: copy the whole viewer folder`));
    document.head.append(script);
  });
}

function decodeBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; ++i) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** The bytes of a part. */
export async function loadBytes(name) {
  return decodeBase64(await partText(name));
}

/** Numbers of 1, 2 or 4 bytes. */
export async function loadNumbers(name, width) {
  const bytes = await loadBytes(name);
  if (width === 1) return bytes;
  return width === 2 ? new Uint16Array(bytes.buffer) : new Uint32Array(bytes.buffer);
}

/** A part that is JSON. */
export async function loadJson(name) {
  return JSON.parse(new TextDecoder().decode(await loadBytes(name)));
}

/** Calls make(key) once for each key and keeps the promise. */
export function remember(make) {
  const kept = new Map();
  return (key) => {
    if (!kept.has(key)) kept.set(key, make(key));
    return kept.get(key);
  };
}
