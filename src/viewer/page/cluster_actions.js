// What a person does with a cluster beside naming it: opens it, hides it, zooms to it.
import {clusterSentence, renderCluster, renderClusters} from "./clusters.js";
import {announce} from "./dom.js";
import {shown} from "./text.js";

export class ClusterActions {
  constructor(app) {
    this.app = app;
    this.openGroup = -1;
  }

  open(group) {
    const {app} = this;
    this.openGroup = group;
    app.images.opened = -1;
    app.panel.show(renderCluster(app, group));
    renderClusters(app);
    announce(clusterSentence(app, group));
  }

  toggle(group) {
    const {edits, filters, solution} = this.app;
    const {hidden} = filters;
    if (!hidden.delete(group)) hidden.add(group);
    announce(`${shown(edits.nameOf(solution.about, group))} is ${hidden.has(group) ? "hidden" : "shown"}`);
    return this.app.refresh();
  }

  only(group) {
    const {filters, solution} = this.app;
    filters.hidden = new Set(Array.from({length: solution.about.k}, (_, c) => c).filter((c) => c !== group));
    return this.app.refresh();
  }

  showAll() {
    this.app.filters.hidden.clear();
    return this.app.refresh();
  }

  images(group) {
    const {groups, study} = this.app;
    const images = [];
    for (let i = 0; i < study.count; ++i) if (groups[i] === group) images.push(i);
    return images;
  }

  /** To nearly all of its images: a few that lie far off would make the others small. */
  zoomTo(group) {
    const {camera, layout} = this.app;
    const images = this.images(group);
    if (images.length === 0) return;
    const at = (values, share) => Float32Array.from(images, (i) => values[i]).sort()[Math.floor(share * (images.length - 1))];
    camera.fit(at(layout.x, 0.02), at(layout.y, 0.02), at(layout.x, 0.98), at(layout.y, 0.98));
    this.app.show(false);
  }
}
