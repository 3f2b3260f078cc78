// The details beside the map, of one image or one cluster at a time.
import {renderClusters} from "./clusters.js";
import {byId, element, prefers} from "./dom.js";

export class Panel {
  constructor(app) {
    this.app = app;
  }

  get isOpen() {
    return byId("details").childElementCount > 0;
  }

  /** Shows these parts below a button that closes them. On a narrow screen they lie below the map. */
  show(parts) {
    this.refresh(parts);
    byId("details").scrollTop = 0;
    const calm = prefers("(prefers-reduced-motion: reduce)");
    if (prefers("(max-width: 900px)")) byId("details").scrollIntoView({block: "start", behavior: calm ? "auto" : "smooth"});
  }

  /** The same, but that the page stays where it is scrolled to. */
  refresh(parts) {
    const close = element("button", {onclick: () => this.close()}, "Close");
    byId("details").replaceChildren(element("div", {class: "row"}, close), ...parts);
  }

  close() {
    const {app} = this;
    byId("details").replaceChildren();
    app.clusters.openGroup = app.images.opened = -1;
    renderClusters(app);
    byId("map").focus();
    byId("stage").scrollIntoView({block: "nearest"});
    app.redraw();
  }
}
