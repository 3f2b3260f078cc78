// Which images pass, and which a person has selected.

export class Filters {
  constructor(study) {
    this.study = study;
    this.hidden = new Set(); // groups of the solution that is shown
    this.columns = new Map(); // column -> the set of codes that pass
    this.text = "";
    this.found = null; // Uint8Array: whether the text was found
    this.passes = new Uint8Array(study.count).fill(1);
    this.passing = study.count;
    this.selected = new Uint8Array(study.count);
    this.selecting = 0; // how many are
  }

  /** Lets a value of a column pass, or no longer; where none is named all pass. */
  pass(column, code, on) {
    const codes = this.columns.get(column) ?? new Set();
    if (on) codes.add(code);
    else codes.delete(code);
    if (codes.size > 0) this.columns.set(column, codes);
    else this.columns.delete(column);
  }

  /** Looks for the text in paths and in all metadata, whatever the case. */
  async search(text) {
    this.text = text.trim();
    if (!this.text) {
      this.found = null;
      return;
    }
    const wanted = this.text.toLowerCase();
    const found = new Uint8Array(this.study.count);
    const paths = await this.study.allPaths();
    for (let i = 0; i < found.length; ++i) if (paths[i].toLowerCase().includes(wanted)) found[i] = 1;
    for (const column of await this.study.allColumns()) {
      const hits = column.values.map((value) => value.toLowerCase().includes(wanted));
      if (!hits.includes(true)) continue;
      for (let i = 0; i < found.length; ++i) if (hits[column.codes[i]]) found[i] = 1;
    }
    if (this.text.toLowerCase() === wanted) this.found = found;
  }

  /** Counts anew who passes. `groups`: the group of each image. */
  async apply(groups) {
    const {passes, hidden, found} = this;
    const wanted = await Promise.all([...this.columns].map(async ([c, codes]) => ({column: await this.study.column(c), codes})));
    const allowed = wanted.map(({column, codes}) => {
      const table = new Uint8Array(column.none + 1 <= 65536 ? column.none + 1 : column.values.length + 1);
      for (const code of codes) table[code === column.none ? table.length - 1 : code] = 1;
      return {codes: column.codes, table, last: table.length - 1};
    });
    let passing = 0;
    for (let i = 0; i < passes.length; ++i) {
      let pass = found === null || found[i] === 1;
      if (pass && hidden.size > 0) pass = !hidden.has(groups[i]);
      for (let f = 0; pass && f < allowed.length; ++f) {
        const {codes, table, last} = allowed[f];
        pass = table[Math.min(codes[i], last)] === 1;
      }
      passes[i] = pass ? 1 : 0;
      passing += passes[i];
    }
    this.passing = passing;
  }

  /** Selects images (true), takes them from the selection (false); `only`: and no others. */
  select(images, on = true, only = false) {
    if (only) this.selected.fill(0);
    for (const i of images) this.selected[i] = on ? 1 : 0;
    this.selecting = 0;
    for (let i = 0; i < this.selected.length; ++i) this.selecting += this.selected[i];
  }

  /** The selected images, or where none are those that pass. */
  chosen() {
    const from = this.selecting > 0 ? this.selected : this.passes;
    const chosen = [];
    for (let i = 0; i < from.length; ++i) if (from[i]) chosen.push(i);
    return chosen;
  }
}
