"""The report as people meet it: with a metadata table of their own, images beside the study or in archives, new images, comparisons."""

import collections
import csv
import html.parser
import math
import os
import shutil
import subprocess
import tarfile
import urllib.parse

from coterie_program import KINDS, ProgramTest, main, make_images, read, run

RANDOM = ("--weights", "random:7")
COLUMN, PLACE = "Année de prise", "Place <of> birth"
MAP = "efficientnet_lite0-pca-kmeans"


class Page(html.parser.HTMLParser):
    """The links of a page, the pictures inside of them, and its texts by section."""

    def __init__(self, path):
        super().__init__()
        self.folder, self.open_link = os.path.dirname(path), None
        self.links, self.pictures, self.ids, self.section = [], [], set(), ""
        self.texts = collections.defaultdict(str)
        self.feed(read(path).decode())

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids.add(attrs.get("id"))
        if tag == "section":
            self.section = attrs["id"]
        if tag == "a":
            self.open_link = attrs["href"]
            self.links.append(attrs["href"])
        if tag == "img":
            self.pictures.append((attrs["alt"], self.open_link))

    def handle_endtag(self, tag):
        if tag == "a":
            self.open_link = None

    def handle_data(self, data):
        self.texts[self.section] += data

    def file(self, link):
        """The file that a browser opens."""
        return os.path.normpath(os.path.join(self.folder, urllib.parse.unquote(link)))


def table(*path):
    with open(os.path.join(*path), newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def tail(count, of_class, drawn, rows):
    """P(X >= count), counted out."""
    return sum(math.comb(of_class, i) * math.comb(rows - of_class, drawn - i) for i in range(count, min(of_class, drawn) + 1)) / math.comb(rows, drawn)


class Report(ProgramTest):
    def make(self):
        """A study of 48 images with a table, its clusters evaluated and compared; returns the study and its page."""
        images, study = self.path("my images"), self.path("study")
        make_images(images, each=12)
        with open(self.path("table.csv"), "w", newline="", encoding="utf-8") as file:
            lines = csv.writer(file)
            lines.writerow(["path", COLUMN, PLACE])
            for kind in KINDS:
                for seed in range(12):
                    lines.writerow([f"{kind}/{kind} {seed}.png", 1990 + seed % 3, "" if seed == 11 else f"{kind}-land"])
        run(0, "scan", "--study", study, "--images", self.path("table.csv"), "--root", images)
        run(0, "extract", "--study", study, "--backbone", "efficientnet_lite0", *RANDOM)
        run(0, "reduce", "--study", study, "--components", "6")
        run(0, "cluster", "--study", study, "--k", "3,4,5", "--n-init", "2", "--seed", "1")
        return study

    def check_links(self, page):
        for link in page.links:
            if link.startswith("#"):
                self.assertIn(link[1:], page.ids)
            else:
                self.assertTrue(os.path.exists(page.file(link)), link)

    def test_a_study_with_a_table(self):
        study = self.make()
        columns = f"{COLUMN},{PLACE}"
        run(0, "evaluate", "--study", study, "--labels", columns)
        # A column's name may hold anything: charts are named after it, too.
        run(0, "select", "--study", study, "--labels", columns, "--bootstrap", "0", "--gap", "0")
        self.assertTrue(os.path.exists(os.path.join(study, "figures/selections", MAP, "ari-ann--e-de-prise.pdf")))
        # Not what led to the report: another clustering, a montage, an export; and what did, by other names.
        run(0, "cluster", "--study", study, "--algorithm", "ward", "--k", "2-6")
        run(0, "export", "--study", study, "--clustering", MAP, "--k", "4")
        run(0, "choose", "--study", study, "--clustering", MAP, "--k", "4")
        run(0, "report", "--study", study)
        page = Page(os.path.join(study, "report/index.html"))
        self.check_links(page)
        linked = [(name, page.file(link)) for name, link in page.pictures if link]
        self.assertEqual(len(linked), len(page.pictures))
        for name, file in linked:
            self.assertEqual(file, os.path.join(self.path("my images"), name))
        repeat = page.texts["repeat"].split("\n")
        commands = [line.split()[1] for line in repeat if line.startswith("coterie ")]
        self.assertEqual(commands, ["scan", "extract", "reduce", "cluster", "evaluate", "select", "choose", "report"])
        self.assertNotIn("ward", page.texts["repeat"])
        self.assertNotIn("ward", page.texts["provenance"])
        self.check_tables(study)
        self.check_again(study, repeat)
        moved = self.path("elsewhere")
        os.makedirs(moved)
        for name in ("study", "my images"):
            shutil.move(self.path(name), moved)
        self.check_links(Page(os.path.join(moved, "study/report/index.html")))

    def check_tables(self, study):
        """The tables beside the page, counted again from assignments.csv."""
        rows = table(study, "tables", f"{MAP}-k4", "assignments.csv")
        place = os.path.join(study, "report/tables")
        sizes = collections.Counter(row["label"] for row in rows)
        self.assertEqual({row["cluster"]: int(row["images"]) for row in table(place, "clusters-k4.csv")}, sizes)
        crosstab = table(place, "crosstab-k4-Année-de-prise.csv")
        counts = collections.Counter((row["label"], row[COLUMN]) for row in rows)
        self.assertEqual({(row["cluster"], year): int(row[year]) for row in crosstab for year in row if year != "cluster"},
                         {(label, year): counts[label, year] for label in sizes for year in ("1990", "1991", "1992")})
        self.assertEqual([row["k"] for row in table(place, "evaluation.csv")], ["3", "4", "5"])
        self.assertEqual({(row["k"], row["column"]) for row in table(place, "agreement.csv")},
                         {(k, column) for k in "345" for column in (COLUMN, PLACE)})
        # An empty value is no value: it counts neither for a class nor for the base rate.
        known = [row for row in rows if row[PLACE]]
        found = table(place, "over_represented-k4.csv")
        self.assertTrue(found)
        for row in found:
            self.assertEqual(row["column"], PLACE)
            here = [each for each in known if each["label"] == row["cluster"]]
            count = sum(each[PLACE] == row["value"] for each in here)
            everywhere = sum(each[PLACE] == row["value"] for each in known)
            self.assertEqual([int(row[name]) for name in ("count", "cluster_images", "value_images", "images")],
                             [count, len(here), everywhere, len(known)])
            self.assertGreaterEqual(count, 5)
            self.assertAlmostEqual(float(row["lift"]), count / len(here) * len(known) / everywhere, places=6)
            own = tail(count, everywhere, len(here), len(known))
            self.assertTrue(own <= float(row["p_value"]) < 0.05, row)

    def check_again(self, study, repeat):
        """The commands and the configuration of the section "Repeat" make the same labels in another folder."""
        wanted = read(os.path.join(study, "report/tables/clusters-k4.csv"))
        again = self.path("again")
        script = "\n".join(line.replace(study, again) for line in repeat if line.startswith("coterie "))
        programs = self.path("programs")
        os.makedirs(programs)
        os.symlink(os.path.abspath(run.__globals__["PROGRAM"]), os.path.join(programs, "coterie"))
        subprocess.run(["bash", "-ec", script], check=True, env={**run.__globals__["environment"](), "PATH": programs + ":" + os.environ["PATH"]},
                       stdout=subprocess.DEVNULL)
        self.assertEqual(read(os.path.join(again, "report/tables/clusters-k4.csv")), wanted)
        config = "\n".join(repeat[repeat.index("[study]"):]).split("A paragraph for a paper")[0]
        self.assertNotIn("ward", config)
        with open(self.path("again.ini"), "w", encoding="utf-8") as file:
            file.write(config.replace(study, self.path("third")))
        run(0, "run", self.path("again.ini"))
        self.assertEqual(read(os.path.join(self.path("third"), "report/tables/clusters-k4.csv")), wanted)

    def test_new_images_and_comparisons_appear_when_there_are_some_that_fit(self):
        study = self.make()
        make_images(self.path("later"), each=2)
        run(0, "assign", "--study", study, "--clustering", MAP, "--k", "4", "--images", self.path("later"))
        run(0, "compare", "--study", study, "--labels", PLACE)
        run(0, "report", "--study", study, "--k", "4")
        page = Page(os.path.join(study, "report/index.html"))
        self.check_links(page)
        self.assertIn("8 new images", page.texts["assigned"])
        self.assertEqual({link and page.file(link) for name, link in page.pictures if "(new: later)" in name},
                         {os.path.join(at, name) for at, _, names in os.walk(self.path("later")) for name in names})
        self.assertIn(f"{MAP}:5", page.texts["comparisons"])
        self.assertIn(PLACE, page.texts["comparisons"])
        commands = [line.split()[1] for line in page.texts["repeat"].split("\n") if line.startswith("coterie ")]
        self.assertEqual(commands, ["scan", "extract", "reduce", "cluster", "assign", "compare", "report"])
        run(0, "cluster", "--study", study, "--k", "3,4,5", "--n-init", "1", "--seed", "2", "--overwrite")
        said = run(0, "report", "--study", study, "--k", "4")
        self.assertIn("leaves out assignments/later", said)
        self.assertFalse({"assigned", "comparisons"} & Page(os.path.join(study, "report/index.html")).ids)

    def test_images_in_archives_have_no_link_and_the_page_says_where_they_lie(self):
        make_images(self.path("tree"), each=4)
        with tarfile.open(self.path("photos.tar"), "w") as tar:
            tar.add(self.path("tree"), "in")
        study = self.path("study")
        run(0, "scan", "--study", study, "--images", self.path("photos.tar"))
        run(0, "extract", "--study", study, "--backbone", "efficientnet_lite0", *RANDOM)
        run(0, "cluster", "--study", study, "--raw", "--k", "2", "--n-init", "1")
        run(0, "report", "--study", study)
        page = Page(os.path.join(study, "report/index.html"))
        self.check_links(page)
        self.assertTrue(page.pictures)
        for name, link in page.pictures:
            self.assertIsNone(link)
            self.assertTrue(name.startswith("photos.tar/in/"), name)
        self.assertIn("inside of tar archives", page.texts["clusters"])


if __name__ == "__main__":
    main()
