// Texts that come from files: names may hold anything, so they reach the page as text alone, and what cannot be seen
// (control characters, marks that turn the direction of writing) is replaced, as the report does.

const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u115f\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]/g;

/** The text as a person may see it on one line. */
export function shown(text) {
  return String(text).replace(UNSEEN, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : "\ufffd";
  });
}

/** "1 image", "2 images" with thousands apart. */
export function plural(count, word) {
  return `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
}

/** One field of a CSV table. What a spreadsheet would run as a formula is given an apostrophe, as export does. */
export function csvField(value) {
  let text = String(value);
  const formula = /^[=+\-@\uff1d\uff0b\uff0d\uff20\t\r\n']/.test(text) && !isNumber(text);
  if (formula) text = `'${text}`;
  return /[",;\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Whether the text is a plain number. */
export function isNumber(text) {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim());
}
