// Names, notes, merges and exclusions as a person makes them: what follows on the page, undoing, and names.json.
import {renderCluster} from "./clusters.js";
import {announce, byId, download, element} from "./dom.js";

export class Naming {
  constructor(app) {
    this.app = app;
  }

  merge(group, into) {
    const {edits, solution, clusters} = this.app;
    if (!edits.mayMerge(solution.about, group, into)) return announce("these are one cluster already");
    edits.change(solution.about, group, {into});
    clusters.open(edits.target(solution.about, group));
  }

  undo() {
    announce(this.app.edits.undo() ? "undone" : "there is nothing to undo");
  }

  redo() {
    announce(this.app.edits.redo() ? "done again" : "there is nothing to do again");
  }

  /** After any change. The form of the cluster is drawn anew, and the keyboard stays in its field. */
  changed() {
    const {app} = this;
    const {edits, solution, clusters} = app;
    if (!solution) return;
    byId("undo").disabled = edits.past.length === 0;
    byId("redo").disabled = edits.future.length === 0;
    app.regroup();
    if (clusters.openGroup >= 0) {
      const focused = document.activeElement?.id;
      clusters.openGroup = edits.target(solution.about, clusters.openGroup);
      app.panel.refresh(renderCluster(app, clusters.openGroup));
      if (focused) byId(focused)?.focus();
    }
    app.refresh();
  }

  save() {
    download("names.json", "application/json", `${JSON.stringify(this.app.edits.toJson(), null, 2)}\n`);
    announce("names.json: put it into the study's folder, where export, report and montage read it");
  }

  async load(file) {
    try {
      const left = this.app.edits.load(JSON.parse(await file.text()));
      announce(`${file.name} was read${left ? `; ${left}` : ""}`);
    } catch (error) {
      announce(`${file.name}: ${error instanceof SyntaxError ? "this is no JSON" : error.message}`);
    }
  }

  /** Says that a draft of before is shown, and offers to discard it. */
  noticeDraft() {
    const {edits} = this.app;
    if (!edits.restored) return;
    const notice = byId("notice");
    const discard = () => {
      edits.discardDraft();
      notice.hidden = true;
    };
    notice.replaceChildren(
      `Your draft of ${edits.restored.toLocaleString()} is shown, which this browser kept. Save names.json to keep it for good.`,
      element("button", {onclick: discard}, "Discard the draft"),
      element("button", {onclick: () => (notice.hidden = true)}, "Keep"),
    );
    notice.hidden = false;
  }
}
