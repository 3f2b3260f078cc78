// What a person has said of the clusters: names, notes, merges, exclusions; of each solution by itself. Labels are never
// changed: a merge says into which cluster another one goes when tables and pictures are made.

const FORMAT = "coterie names";
const key = (solution) => `${solution.digest} ${solution.k}`;
const blank = () => ({name: "", note: "", into: null, excluded: false});
const isBlank = (said) => !said.name && !said.note && said.into === null && !said.excluded;

export class Edits {
  /** `stored`: what names.json in the study says, or null. `changed` is called after each change. */
  constructor(study, stored, changed) {
    this.study = study;
    this.changed = changed;
    this.of = new Map(); // key of a solution -> array of what is said of each cluster
    this.past = [];
    this.future = [];
    this.draftKey = `coterie-names ${study.solutions.map((solution) => solution.digest.slice(0, 12)).join(" ")}`;
    this.stored = stored ? JSON.stringify(stored) : "";
    if (stored) this.#read(stored);
    this.restored = this.#restoreDraft();
  }

  /** What is said of a cluster. */
  said(solution, cluster) {
    return this.of.get(key(solution))?.[cluster] ?? blank();
  }

  /** Where the images of a cluster go, after all merges. */
  target(solution, cluster) {
    for (let steps = 0; steps <= solution.k; ++steps) {
      const {into} = this.said(solution, cluster);
      if (into === null) return cluster;
      cluster = into;
    }
    return cluster;
  }

  /** "cats" or "cluster 3". */
  nameOf(solution, cluster) {
    return this.said(solution, cluster).name || `cluster ${cluster}`;
  }

  /** The clusters that go into this one, itself the first. */
  merged(solution, cluster) {
    const parts = [cluster];
    for (let c = 0; c < solution.k; ++c) if (c !== cluster && this.target(solution, c) === cluster) parts.push(c);
    return parts;
  }

  /** Whether `cluster` may be merged into `into`: not into itself, nor round in a circle. */
  mayMerge(solution, cluster, into) {
    return this.target(solution, into) !== cluster;
  }

  /** One change, which can be taken back: {name}, {note}, {into} or {excluded}. */
  change(solution, cluster, what) {
    const before = this.said(solution, cluster);
    const after = {...before, ...what};
    if (JSON.stringify(before) === JSON.stringify(after)) return;
    this.past.push({solution, cluster, before, after});
    this.future.length = 0;
    this.#set(solution, cluster, after);
  }

  undo() {
    const step = this.past.pop();
    if (!step) return null;
    this.future.push(step);
    this.#set(step.solution, step.cluster, step.before);
    return step;
  }

  redo() {
    const step = this.future.pop();
    if (!step) return null;
    this.past.push(step);
    this.#set(step.solution, step.cluster, step.after);
    return step;
  }

  #set(solution, cluster, said) {
    const all = this.of.get(key(solution)) ?? Array.from({length: solution.k}, blank);
    all[cluster] = said;
    this.of.set(key(solution), all);
    this.#saveDraft();
    this.changed();
  }

  /** names.json, as docs/formats.md describes it. */
  toJson() {
    const clusterings = [];
    for (const solution of this.study.solutions) {
      const all = this.of.get(key(solution)) ?? [];
      const clusters = all.flatMap((said, cluster) => (isBlank(said) ? [] : [{cluster, ...said}]));
      const {clustering, k, digest} = solution;
      if (clusters.length > 0) clusterings.push({clustering, k, digest, clusters});
    }
    return {format: FORMAT, version: 1, clusterings};
  }

  /** Takes a names.json in place of what is there; returns a sentence. Throws Error with what is wrong with it. */
  load(json) {
    const read = this.#read(json);
    this.past.length = this.future.length = 0;
    this.#saveDraft();
    this.changed();
    return read;
  }

  #read(json) {
    if (json?.format !== FORMAT || !Array.isArray(json.clusterings)) throw new Error("this is no names.json of coterie");
    if (json.version !== 1) throw new Error(`this names.json is of version ${json.version}; this page reads version 1`);
    const taken = new Map();
    const left = [];
    for (const {clustering, k, digest, clusters} of json.clusterings) {
      const solution = this.study.solutions.find((one) => one.digest === digest && one.k === k);
      if (!solution) {
        left.push(`${clustering} with ${k} clusters`);
        continue;
      }
      taken.set(key(solution), readClusters(solution, clusters));
    }
    if (taken.size === 0 && left.length > 0)
      throw new Error(`this names.json is of ${left.join(", ")}, made before or elsewhere, which this page does not show`);
    this.of = taken;
    return left.length > 0 ? `left out: ${left.join(", ")}` : "";
  }

  #saveDraft() {
    try {
      localStorage.setItem(this.draftKey, JSON.stringify({when: Date.now(), stored: this.stored, names: this.toJson()}));
    } catch {
      // a browser that keeps nothing: names.json remains
    }
  }

  // A draft that was begun on another names.json than is there now is older than it.
  #restoreDraft() {
    try {
      const draft = JSON.parse(localStorage.getItem(this.draftKey));
      if (!draft || draft.stored !== this.stored || draft.names.clusterings.length === 0) return null;
      if (JSON.stringify(draft.names) === JSON.stringify(this.toJson())) return null;
      this.#read(draft.names);
      return new Date(draft.when);
    } catch {
      return null;
    }
  }

  /** Forgets the draft: what is left is names.json of the study, or nothing. */
  discardDraft() {
    this.of = new Map();
    this.past.length = this.future.length = 0;
    if (this.stored) this.#read(JSON.parse(this.stored));
    try {
      localStorage.removeItem(this.draftKey);
    } catch {
      // nothing was kept
    }
    this.changed();
  }
}

function readClusters(solution, clusters) {
  const all = Array.from({length: solution.k}, blank);
  const isCluster = (value) => Number.isInteger(value) && value >= 0 && value < solution.k;
  for (const {cluster, name, note, into, excluded} of clusters ?? []) {
    if (!isCluster(cluster)) throw new Error(`there is no cluster ${cluster} of ${solution.k}`);
    all[cluster] = {
      name: String(name ?? ""),
      note: String(note ?? ""),
      into: isCluster(into) && into !== cluster ? into : null,
      excluded: excluded === true,
    };
  }
  return all;
}
