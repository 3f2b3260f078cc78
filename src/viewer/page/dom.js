// Elements without a framework.

/**
 * element("button", {class: "quiet", onclick: f, "aria-pressed": true}, "text", child): children that are no elements
 * become text nodes, never markup. Properties that begin with "on" are listeners; null and false are left out.
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "value") made.value = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return made;
}

export const byId = (id) => document.getElementById(id);

/** Says something to a person who cannot see the map; the last sentence also stands below it. */
export function announce(text) {
  byId("status").textContent = text;
}

/** Hands a file to the person. */
export function download(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], {type}));
  const link = element("a", {href: url, download: name, hidden: true});
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

/** The value of a colour that the style sheet sets, which follows light and dark. */
export function styleColour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export const prefers = (what) => matchMedia(what).matches;
