// Begins with what the page says of itself.
import {App} from "./app.js";
import {announce, byId} from "./dom.js";

const app = new App(JSON.parse(byId("about").textContent));
window.coterieViewer = app; // for the console, and for tests
app.begin().then(() => (document.documentElement.dataset.ready = "yes"), (error) => announce(error.message));
