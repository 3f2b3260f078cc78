"""The viewer's page as a person uses it, in a browser without a window; and what becomes of names.json afterwards."""

import csv
import io
import json
import os
import unittest

import browser
import h5py
import numpy
from coterie_program import ProgramTest, draw, main, read, run

HOSTILE = ("<img src=x onerror=alert(1)>.png", "quote\"s and 'apostrophes'.png", "line\nend.png", "\u202egnp.exe.png", "=SUM(A1)&amp;.png", "</script><script>alert(2)</script>.png".replace("/", "\u2215"))
READY = "document.documentElement.dataset.ready === 'yes'"
APP = "coterieViewer"


def make_images(folder):
    """Discs and stripes, and a few whose names are meant to do harm."""
    names = {"discs": [f"disc-{i:02}.png" for i in range(12)], "stripes": [*(f"stripe-{i:02}.png" for i in range(12)), *HOSTILE]}
    for kind, files in names.items():
        os.makedirs(os.path.join(folder, kind))
        for seed, name in enumerate(files):
            with open(os.path.join(folder, kind, name), "wb") as file:
                file.write(draw(kind, seed))


@unittest.skipUnless(browser.program(), "a browser is needed: apt-get install chromium")
class Viewer(ProgramTest):
    """One study, of which the page is made once."""

    def setUp(self):
        super().setUp()
        make_images(self.path("images"))
        self.study = self.path("study")
        at = ("--study", self.study)
        run(0, "scan", *at, "--images", self.path("images"))
        run(0, "extract", *at, "--backbone", "efficientnet_lite0", "--weights", "random:7")
        run(0, "reduce", *at, "--components", "4")
        run(0, "cluster", *at, "--k", "2,3", "--n-init", "2")
        run(0, "evaluate", *at, "--labels", "folder")
        run(2, "view", *at, "--k", "3")

    def open(self, page, study=None):
        page.open("file://" + os.path.join(study or self.study, "viewer", "index.html"))
        page.wait(READY)

    def test_the_page_begins_in_whatever_order_its_parts_arrive(self):
        # The page hands this function what its parts call; those of one kind come later here.
        late = """Object.defineProperty(window, "coteriePart", {
            get() { return this.taking; },
            set(take) { this.taking = (name, text) => name.startsWith("KIND") ? setTimeout(take, 400, name, text) : take(name, text); }});"""
        for kind in ("solution-", "map-", "silhouettes-"):
            with browser.Browser() as page:
                page.call("Page.addScriptToEvaluateOnNewDocument", source=late.replace("KIND", kind))
                self.open(page)
                self.assertGreater(page.js("coterieViewer.solution.about.k"), 1, kind)

    def test_a_person_explores_names_merges_saves_and_the_tables_say_so(self):
        with browser.Browser() as page:
            self.open(page)
            self.look_around(page)
            self.keys(page)
            self.search_and_filter(page)
            self.lasso(page)
            self.names(page)
            self.other_views(page)
            self.assertEqual(page.faults(), [])
            self.assertEqual([url for url in page.requests() if not url.startswith(("file://", "blob:", "data:", "about:"))], [])

    def status(self, page):
        return page.js("document.getElementById('status').textContent")

    def look_around(self, page):
        self.assertEqual(page.js("document.querySelectorAll('#clusters .open').length"), 3)
        page.wait(f"{APP}.painter.thumbnails.length > 0")
        scale = page.js(f"{APP}.camera.scale")
        page.mouse("Wheel", 700, 400, deltaX=0, deltaY=-300)
        page.wait(f"{APP}.camera.scale > {scale * 1.2}")
        x = page.js(f"{APP}.camera.x")
        page.drag([(700, 400), (650, 400), (600, 400)])
        self.assertGreater(page.js(f"{APP}.camera.x"), x)
        page.click("#fit")
        page.wait(f"{APP}.frame === 0")  # drawn
        place = page.js(f"""(() => {{ const b = document.getElementById('map').getBoundingClientRect(), t = {APP}.painter.thumbnails[0];
                                return [b.x + t.x + t.side / 2, b.y + t.y + t.side / 2, t.i]; }})()""")
        page.mouse("Moved", *place[:2])
        page.mouse("Pressed", *place[:2])
        page.mouse("Released", *place[:2])
        page.wait("document.querySelector('#details img') !== null && document.querySelector('#details img').naturalWidth > 0")
        self.assertEqual(page.js(f"{APP}.images.opened"), place[2])
        self.assertIn("cluster", self.status(page))

    def keys(self, page):
        page.key("Escape")
        page.wait("document.getElementById('details').childElementCount === 0")
        page.key("Escape")
        self.assertEqual(page.js("document.activeElement.id"), "map")
        visited = set()
        for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"):
            page.key(key)
            visited.add(page.js(f"{APP}.images.focus"))
        self.assertGreater(len(visited), 2)
        self.assertIn("images", self.status(page))
        page.key("Enter")
        page.wait("document.querySelector('#details .path') !== null")
        page.key("Escape")
        scale = page.js(f"{APP}.camera.scale")
        page.key("+")
        self.assertGreater(page.js(f"{APP}.camera.scale"), scale)
        page.key("0")
        page.key(" ")
        page.wait(f"{APP}.filters.selecting === 1")
        page.click("#clear-selection")
        page.wait(f"{APP}.filters.selecting === 0")

    def search_and_filter(self, page):
        page.click("#query")
        page.type("DISC-0")
        page.key("Enter")
        page.wait(f"{APP}.filters.passing === 10")
        page.js("document.getElementById('query').value = ''")
        page.key("Enter")
        page.wait(f"{APP}.filters.passing === {24 + len(HOSTILE)}")
        page.click("#filters summary")
        page.wait("document.querySelector('#filters input') !== null")
        page.click("#filters input")
        page.wait(f"{APP}.filters.passing < 24")
        page.click("#filters input")
        page.wait(f"{APP}.filters.passing > 24")
        page.click("#clusters .swatch")
        page.wait(f"{APP}.filters.hidden.size === 1")
        page.click("#show-all")
        page.wait(f"{APP}.filters.hidden.size === 0")

    def lasso(self, page):
        page.click("#lasso")
        box = page.js("(() => { const b = document.getElementById('map').getBoundingClientRect(); return [b.x, b.y, b.right, b.bottom]; })()")
        middle = (box[0] + box[2]) / 2
        page.drag([(box[0] + 5, box[1] + 5), (middle, box[1] + 5), (middle, box[3] - 5), (box[0] + 5, box[3] - 5)])
        page.wait(f"{APP}.filters.selecting > 0")
        left = page.js(f"""(() => {{ let n = 0; for (let i = 0; i < {APP}.study.count; ++i) n += {APP}.layout.x[i] <= {APP}.camera.x; return n; }})()""")
        self.assertAlmostEqual(page.js(f"{APP}.filters.selecting"), left, delta=1)
        page.click("#csv")
        rows = list(csv.DictReader(io.StringIO(page.downloaded("selection.csv"))))
        self.assertEqual(len(rows), page.js(f"{APP}.filters.selecting"))
        self.assertEqual({row["folder"] for row in rows} - {"discs", "stripes"}, set())
        page.click("#clear-selection")

    def name(self, page, number, text):
        page.click(f"#clusters li:not(.part):nth-of-type({number}) .open")
        page.wait("document.getElementById('cluster-name') !== null")
        page.click("#cluster-name")
        page.type(text)
        page.key("Enter")

    def names(self, page):
        evil = "<b onmouseover=alert(3)>cats</b> \u202e\"x\""
        self.name(page, 1, evil)
        page.wait(f"{APP}.edits.past.length === 1")
        self.assertEqual(page.js("document.querySelectorAll('#clusters b, #details b').length"), 0)
        self.assertIn("<b onmouseover", page.js("document.querySelector('#clusters .name').textContent"))
        page.click("#undo")
        page.wait("document.querySelector('#clusters .name').textContent === 'cluster 0'")
        page.key("z", 2 | 8)  # Control and Shift: again
        page.wait("document.querySelector('#clusters .name').textContent !== 'cluster 0'")
        page.js("""(() => { const m = document.getElementById('merge'); m.value = '2'; m.dispatchEvent(new Event('change')); })()""")
        page.wait("document.querySelectorAll('#clusters li.part').length === 1")
        page.js("""(() => { const n = document.getElementById('cluster-note'); n.value = 'two\\nlines'; n.dispatchEvent(new Event('change')); })()""")
        page.click("#cluster-excluded")
        page.wait(f"{APP}.edits.said({APP}.solution.about, 2).excluded")
        page.click("#save")
        self.saved = page.downloaded("names.json")
        clusters = {said["cluster"]: said for said in json.loads(self.saved)["clusterings"][0]["clusters"]}
        self.assertEqual(clusters[0]["name"], evil.strip())
        self.assertEqual((clusters[0]["into"], clusters[2]["excluded"], clusters[2]["note"]), (2, True, "two\nlines"))
        self.open(page)  # the draft is there again
        page.wait(f"!document.getElementById('notice').hidden && {APP}.edits.target({APP}.solution.about, 0) === 2")
        page.click("#notice button")
        page.wait(f"{APP}.edits.target({APP}.solution.about, 0) === 0")
        with open(self.path("saved.json"), "w", encoding="utf-8") as file:
            file.write(self.saved)
        page.choose_file("#load", self.path("saved.json"))
        page.wait(f"{APP}.edits.target({APP}.solution.about, 0) === 2")
        with open(self.path("other.json"), "w", encoding="utf-8") as file:
            file.write(self.saved.replace(json.loads(self.saved)["clusterings"][0]["digest"], "0" * 64))
        page.choose_file("#load", self.path("other.json"))
        page.wait("document.getElementById('status').textContent.includes('made before or elsewhere')")
        self.read_back()

    def read_back(self):
        """names.json in the study: tables, pictures and the report say it; labels stay."""
        name = "efficientnet_lite0-pca-kmeans"
        run(0, "export", "--study", self.study, "--k", "3")
        before = self.rows(f"tables/{name}-k3/assignments.csv")
        with open(os.path.join(self.study, "names.json"), "w", encoding="utf-8") as file:
            file.write(self.saved)
        for command in ("export", "montage", "report"):
            run(0, command, "--study", self.study, "--k", "3")
        after = self.rows(f"tables/{name}-k3/assignments.csv")
        self.assertEqual([row["label"] for row in before], [row["label"] for row in after])
        for row in after:
            self.assertEqual(row["group"], "2" if row["label"] == "0" else row["label"])
            self.assertEqual(row["excluded"], "1" if row["group"] == "2" else "0")
        named = self.rows(f"tables/{name}-k3/names.csv")
        self.assertEqual([row["note"] for row in named], ["", "", "two\nlines"])
        html = read(os.path.join(self.study, "report", "index.html")).decode()
        self.assertNotIn("<b onmouseover", html)
        self.assertIn("&lt;b onmouseover", html)
        run(0, "view", "--study", self.study, "--k", "3")
        with open(os.path.join(self.study, "names.json"), "w", encoding="utf-8") as file:
            file.write(self.saved.replace('"k": 3', '"k": 2'))
        self.assertIn("cluster 2 of 2", run(0, "export", "--study", self.study, "--k", "2", code=1))
        run(0, "cluster", "--study", self.study, "--k", "2,3", "--n-init", "1", "--overwrite")
        with open(os.path.join(self.study, "names.json"), "w", encoding="utf-8") as file:
            file.write(self.saved)
        self.assertIn("before it was made again", run(0, "export", "--study", self.study, "--k", "3", code=1))

    def rows(self, path):
        with open(os.path.join(self.study, path), encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def other_views(self, page):
        page.click("#view-table")
        page.wait("document.querySelectorAll('#table tbody tr').length > 20")
        paths = page.js("[...document.querySelectorAll('#table tbody tr td:first-child')].map((cell) => cell.textContent)")
        self.assertIn("stripes/<img src=x onerror=alert(1)>.png", paths)
        self.assertIn("stripes/line\u240aend.png", paths)
        self.assertIn("stripes/\ufffdgnp.exe.png", paths)
        self.assertEqual(page.js("document.querySelectorAll('#table img, #table script').length"), 0)
        page.click("#view-map")
        frames = page.js(f"{APP}.frames")
        page.js("(() => { const s = document.getElementById('layout'); s.value = 'grid'; s.dispatchEvent(new Event('change')); })()")
        page.wait(f"!{APP}.layout.moving && {APP}.layoutId === 'grid' && {APP}.frames > {frames} + 5")
        page.js("(() => { const s = document.getElementById('other'); s.value = '0'; s.dispatchEvent(new Event('change')); })()")
        page.wait("document.querySelectorAll('#moved tbody tr').length >= 2")
        total = page.js("[...document.querySelectorAll('#moved td button')].reduce((sum, button) => sum + Number(button.textContent), 0)")
        self.assertEqual(total, 24 + len(HOSTILE))
        page.click("#moved td button")
        page.wait(f"{APP}.filters.selecting > 0")

    def test_topics_and_columns_colour_the_map_with_a_legend_and_a_map_in_space_has_three_planes(self):
        at = ("--study", self.study)
        run(0, "words", *at)
        run(0, "codebook", *at, "--words", "12")
        run(0, "topics", *at, "--topics", "2", "--max-iter", "10")
        run(0, "embed", *at, "--dimensions", "3", "--iterations", "20", "--figures=false")
        run(0, "embed", *at, "--iterations", "20", "--figures=false")
        self.assertIn("takes embeddings/efficientnet_lite0-pca-tsne-3d for tsne-3d", run(0, "view", *at, "--k", "3", "--map", "tsne-3d"))
        with browser.Browser() as page:
            self.open(page)
            layouts, colours = ({text: value for value, text in page.js(f"[...document.querySelectorAll('#{menu} option')].map((o) => [o.value, o.textContent])")} for menu in ("layout", "colour"))
            planes = [text for text in layouts if "tsne-3d" in text]
            self.assertEqual([text.split(": ")[1] for text in planes], ["x, y", "x, z", "y, z"])
            self.assertTrue(page.js("document.getElementById('legend').hidden"), "the list of clusters is the legend")
            places = set()
            for plane in planes:
                self.choose(page, "layout", layouts[plane])
                page.wait(f"!{APP}.layout.moving && {APP}.frame === 0 && {APP}.layoutId === '{layouts[plane]}'")
                places.add(page.js(f"{APP}.layout.x[0] + ' ' + {APP}.layout.y[0]"))
            self.assertEqual(len(places), 3)
            topics = next(text for text in colours if text.startswith("topic ("))
            self.choose(page, "colour", colours[topics])
            page.wait("!document.getElementById('legend').hidden")
            self.assertEqual(sorted(page.js("[...document.querySelectorAll('#legend bdi')].map((name) => name.textContent)")), ["topic 0", "topic 1"])
            self.assertEqual(page.js(f"new Set({APP}.marks.pixels).size"), 2)
            self.choose(page, "colour", "silhouette")
            page.wait("document.querySelector('#legend canvas.ramp') !== null")
            self.assertEqual(page.js("document.getElementById('legend').textContent"), "-11")
            self.assertEqual(page.faults(), [])

    def choose(self, page, menu, value):
        page.js(f"(() => {{ const s = document.getElementById('{menu}'); s.value = '{value}'; s.dispatchEvent(new Event('change')); }})()")

    def test_features_that_were_imported_for_scanned_images_show_these(self):
        names = [path.decode() for path in h5py.File(os.path.join(self.study, "features", "efficientnet_lite0.h5"))["path"]]
        for name, listed, pictures in (("known", names, True), ("one-unknown", [*names[:-1], "elsewhere.jpg"], False)):
            numpy.save(self.path(f"{name}.npy"), numpy.random.default_rng(1).normal(size=(len(listed), 3)).astype("float32"))
            with open(self.path("names.csv"), "w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows([["path"], *([path] for path in listed)])
            at = ("--study", self.study)
            run(0, "import", *at, "--file", self.path(f"{name}.npy"), "--names", self.path("names.csv"))
            run(0, "cluster", *at, "--features", name, "--raw", "--k", "2", "--n-init", "1")
            run(0, "view", *at, "--clustering", f"{name}-kmeans")
            self.assertEqual(bool(os.listdir(os.path.join(self.study, "viewer", "atlas"))), pictures)

    def test_a_single_file_holds_all_and_asks_for_nothing(self):
        run(0, "view", "--study", self.study, "--single-file", "--previews")
        self.assertEqual(sorted(os.listdir(os.path.join(self.study, "viewer"))), ["index.html", "provenance.json"])
        alone = self.path("alone.html")
        os.rename(os.path.join(self.study, "viewer", "index.html"), alone)
        with browser.Browser(width=390, height=800, dark=True, reduced_motion=True) as page:
            page.open("file://" + alone)
            page.wait(READY)
            page.wait(f"{APP}.painter.thumbnails.length > 0 && [...{APP}.atlases.sheets.values()].some((sheet) => sheet.bitmap)")
            page.js(f"{APP}.images.open(0)")
            page.wait("document.querySelector('#details canvas.large') !== null")
            page.js("(() => { const s = document.getElementById('layout'); s.value = 'grid'; s.dispatchEvent(new Event('change')); })()")
            page.wait(f"{APP}.layoutId === 'grid'")
            self.assertFalse(page.js(f"{APP}.layout.moving"), "with reduced motion nothing moves")
            self.assertLessEqual(page.js("document.documentElement.scrollWidth"), 390)
            self.assertEqual({url.split(":")[0] for url in page.requests()} - {"file", "blob", "about"}, set())
            self.assertEqual([fault for fault in page.faults() if "ERR_FILE_NOT_FOUND" not in fault], [])


if __name__ == "__main__":
    main()
