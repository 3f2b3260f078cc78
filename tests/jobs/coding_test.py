"""From a clustering to what people think of it: forms, what comes back, what it says. The form is filled in by keyboard in a browser."""

import csv
import glob
import os
import re
import shutil
import struct
import unittest

from browser import Browser, program
from coterie_program import SOURCE, ProgramTest, main, make_images, read, run, write_names


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class Coding(ProgramTest):
    def setUp(self):
        super().setUp()
        make_images(self.path("images"), each=12)
        self.study = self.path("study")
        self.do("scan", "--images", self.path("images"))
        self.do("extract", "--weights", "random:7")
        self.do("reduce", "--components", "8")
        self.do("cluster", "--k", "4", "--n-init", "2", "--name", "own")

    def do(self, *arguments, code=0):
        words = arguments[:2] if arguments[0] == "code" else arguments[:1]
        return run(0, *words, "--study", self.study, *arguments[len(words):], code=code)

    def form(self, name):
        return os.path.join(self.study, "forms", "own-k4-fit", name)

    def fill(self, coder, answer, path=None, seconds="2.5"):
        """coderN.csv with answer(line number, token) for each item."""
        lines = rows(self.form(f"coder{coder}.csv"))
        path = path or self.path(f"coder{coder}.csv")
        with open(path, "w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(["form", "token", "answer", "seconds"])
            for i, line in enumerate(lines):
                table.writerow([line["form"], line["token"], answer(i, line["token"]), seconds])
        return path

    def items(self):
        """token -> item of the key that stays in the study."""
        text = rows(os.path.join(self.study, "tables", "coding", "own-k4-fit", "answers.csv"))
        return {line["token"]: line for line in text}

    def test_planted_disagreements_give_the_planted_statistics(self):
        said = self.do("code", "make", "--coders", "3", "--per-cluster", "10")
        self.assertIn("about ± 0.19", re.sub(r"\s+", " ", said))
        # A first report only to learn which token is which item; then 40 items with known answers.
        for coder in (1, 2, 3):
            self.fill(coder, lambda i, token: 1)
        self.do("code", "read", *(self.path(f"coder{c}.csv") for c in (1, 2, 3)))
        self.do("code", "report")
        item = {token: int(line["item"]) for token, line in self.items().items()}
        count = len(set(item.values()))
        # Coder 2 says "does not fit" to every fourth item, coder 3 "cannot tell" to every eighth and agrees on the others with coder 1.
        self.fill(1, lambda i, token: 1)
        self.fill(2, lambda i, token: 2 if item[token] % 4 == 0 else 1)
        self.fill(3, lambda i, token: 3 if item[token] % 8 == 0 else 1)
        said = self.do("code", "read", *(self.path(f"coder{c}.csv") for c in (1, 2, 3)), "--overwrite")
        said += self.do("code", "report")
        fourth, eighth = len([i for i in set(item.values()) if i % 4 == 0]), len([i for i in set(item.values()) if i % 8 == 0])
        # Pairs of coders that agree: all three where nothing was planted, 1 of 3 in a fourth, none in an eighth (1, 2 and 3 differ).
        agreement = ((count - fourth) + (fourth - eighth) / 3) / count
        measures = {(line["measure"], line["coders"]): line for line in rows(os.path.join(self.study, "tables/coding/own-k4-fit/agreement.csv"))}
        self.assertAlmostEqual(float(measures["agreement", "all"]["value"]), agreement, places=5)
        self.assertAlmostEqual(float(measures["agreement", "1 and 2"]["value"]), 1 - fourth / count, places=5)
        self.assertEqual(measures["Cohen's kappa", "1 and 2"]["value"], "0")  # coder 1 never varied
        shares = rows(os.path.join(self.study, "tables/coding/own-k4-fit/consistency.csv"))
        hits = sum(float(line["hits"]) for line in shares if line["sample"] == "random")
        self.assertAlmostEqual(hits, count - fourth / 3 - eighth / 3, places=3)
        self.assertEqual(len(rows(os.path.join(self.study, "tables/coding/own-k4-fit/adjudication.csv"))), fourth)
        self.assertIn(f"coders disagree on {fourth} items", said)
        self.assertIn("\\toprule", read(os.path.join(self.study, "tables/coding/own-k4-fit/consistency.tex")).decode())

    def test_rounds_and_decisions_are_read_and_never_merged_in_silence(self):
        self.do("code", "make", "--per-cluster", "4")
        tables = os.path.join(self.study, "tables", "coding")
        self.do("code", "read", self.fill(1, lambda i, token: 1), self.fill(2, lambda i, token: 2 if i < 3 else 1))
        self.assertIn("has no decisions", self.do("code", "report", "--adjudicated", code=2))
        said = self.do("code", "report", "--forms")
        self.assertIn("wrote forms of the 3 items that coders differ on", said)
        again = os.path.join(self.study, "forms", "own-k4-fit-again")
        self.assertEqual(sorted(name for name in os.listdir(again) if name.endswith(".csv")), ["adjudicator.csv", "coder1.csv", "coder2.csv"])
        self.assertEqual({len(rows(os.path.join(again, name))) for name in ("adjudicator.csv", "coder1.csv", "coder2.csv")}, {3})
        self.assertIn(b"form of the adjudicator", read(os.path.join(again, "adjudicator.html")))

        def answered(name, answers):
            with open(self.path(name), "w", newline="", encoding="utf-8") as file:
                table = csv.writer(file)
                table.writerow(["form", "token", "answer"])
                for line, answer in zip(rows(os.path.join(again, name)), answers):
                    table.writerow([line["form"], line["token"], answer])
            return self.path(name)

        # The second coder thinks one of the three over; another is left open and stands.
        said = self.do("code", "read", "--answers", "own-k4-fit", answered("coder2.csv", ["1", "2", ""]))
        self.assertIn("round 2: 2 answers given anew, 1 of them other than before; 30 stand as they were", said)
        self.assertIn("made " + os.path.join(self.study, "answers", "own-k4-fit-round2.h5"), said)
        self.do("code", "report")
        rounds = rows(os.path.join(tables, "own-k4-fit-round2", "rounds.csv"))
        self.assertEqual([(line["round"], line["changed"], float(line["agreement"])) for line in rounds], [("1", "0", 13 / 16), ("2", "1", 14 / 16)])
        self.assertEqual(len(rows(os.path.join(tables, "own-k4-fit-round2", "changes.csv"))), 1)

        # The list of the two that are left is filled in and read as it is.
        listed = rows(os.path.join(tables, "own-k4-fit-round2", "adjudication.csv"))
        self.assertEqual([line["coder_1"] + line["coder_2"] for line in listed], ["12", "12"])
        with open(self.path("decisions.csv"), "w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, listed[0])
            table.writeheader()
            table.writerows({**line, "answer": "1"} for line in listed)
        said = self.do("code", "read", "--answers", "own-k4-fit-round2", self.path("decisions.csv"))
        self.assertIn("2 items are decided by an adjudicator", said)
        shares = []
        for more in ((), ("--adjudicated", "--overwrite")):
            said = self.do("code", "report", *more)
            shares.append(sum(float(line["hits"]) for line in rows(os.path.join(tables, "own-k4-fit-round3", "consistency.csv")) if line["hits"]))
            self.assertIn("agreement 0.875", said)
        self.assertEqual(shares, [15, 16])
        # All tables at once are a first round with decisions.
        said = self.do("code", "read", self.path("coder1.csv"), self.fill(2, lambda i, token: 2 if i < 3 else 1, path=self.path("whole.csv")),
                       self.path("decisions.csv"), "--name", "at-once")
        self.assertIn("32 of 32 items of the forms read are answered", said)
        self.assertIn("2 items are decided", said)

    def test_topics_are_coded_as_clusters_are(self):
        self.do("words", "--max-keypoints", "40")
        self.do("codebook", "--words", "8", "--sample", "2000")
        self.do("topics", "--topics", "3,4", "--name", "model")
        for task, k in (("fit", "3"), ("intrusion", "4")):
            said = self.do("code", "make", "--topic-model", "model", "--k", k, "--task", task, "--per-cluster", "3", "--nearest", "2", "--boundary", "1")
            self.assertIn(f"codings/model-k{k}-{task}", said.replace("coding/", "codings/"))
            forms = os.path.join(self.study, "forms", f"model-k{k}-{task}")
            paths = []
            for coder in (1, 2):
                paths.append(self.path(f"{task}{coder}.csv"))
                with open(paths[-1], "w", encoding="utf-8") as file:
                    file.write("form,token,answer\n" + "".join(f"{line['form']},{line['token']},1\n" for line in rows(os.path.join(forms, f"coder{coder}.csv"))))
            self.do("code", "read", *paths, "--coding", f"model-k{k}-{task}")
            self.assertIn("mean of the topics", self.do("code", "report", "--answers", f"model-k{k}-{task}"))
            kinds = {line["sample"] for line in rows(os.path.join(self.study, "tables", "coding", f"model-k{k}-{task}", "consistency.csv"))}
            self.assertLessEqual({"random", "nearest", "boundary"}, kinds)
        self.assertIn("has no solution with k = 7", self.do("code", "make", "--topic-model", "model", "--k", "7", code=2))
        self.do("report")
        self.assertIn(b"model-k3-fit", read(os.path.join(self.study, "report", "index.html")))
        # Of a study that holds topics alone they are in the report, too.
        for kind in ("clusterings", "reductions", "features"):
            shutil.rmtree(os.path.join(self.study, kind))
        self.do("report")
        page = read(os.path.join(self.study, "report", "index.html")).decode().replace("&#39;", "'")
        self.assertIn("code make --study " + self.study + " --topic-model model codes its topics", self.do("code", "make", code=2))
        self.assertIn("topics have none", self.do("code", "make", "--topic-model", "model", "--k", "3", "--task", "labels", code=2))
        self.assertTrue(all(os.path.exists(os.path.join(self.study, "report", f"topics-{k}.html")) for k in (3, 4)))
        for text in ("nothing was clustered", "What people see in the topics", "model-k3-fit", "Mean of the topics", "the theme of its topic",
                     "../tables/coding/model-k3-fit/agreement.csv",
                     "SIFT descriptors~\\cite{lowe2004sift} at its keypoints, 40 at most", "into 8 visual words", "latent Dirichlet allocation~\\cite{blei2003lda} with 3 topics",
                     "whether an image belongs to the theme of its topic, in", "@article{blei2003lda"):
            self.assertIn(text, page)

    def test_what_is_wrong_with_a_table_is_said_and_nothing_is_merged(self):
        self.do("code", "make", "--per-cluster", "5", "--gold", "2")
        first = self.fill(1, lambda i, token: {0: "", 1: "7", 2: "2"}.get(i, "1"), seconds="0.2")
        lines = read(first).decode().splitlines()
        doubled = lines[3].split(",")[1]
        other = rows(self.form("coder2.csv"))[0]
        with open(first, "a", encoding="utf-8") as file:
            file.write(lines[3].replace(",2,", ",1,") + "\n" + lines[4] + "\n")
            file.write(f"{lines[1].split(',')[0]},{other['token']},1,1\nffff,{doubled},1,1\n=cmd(),<script>,1,1\n")
        said = self.do("code", "read", first)
        for text in ("missing: ", "coder 2: no table of this coder was given", 'unknown answer: 1', '"7" is no answer from 1 to 3', "doubled: 2",
                     "two answers, neither of which is taken", "the same answer, taken once", "foreign: 3", "this form has no such item", "fast: 1",
                     "gold missed: "):
            self.assertIn(text, said)
        self.do("code", "report")
        answers = {line["token"]: line["answer"] for line in rows(os.path.join(self.study, "tables/coding/own-k4-fit/answers.csv"))}
        self.assertEqual(answers[doubled], "")
        remarks = read(os.path.join(self.study, "tables/coding/own-k4-fit/remarks.csv")).decode()
        self.assertIn("<script>", remarks)
        with open(self.path("none.csv"), "w", encoding="utf-8") as file:
            file.write("form,token,answer\na,b,1\n")
        self.assertIn("no line of these tables belongs to this coding", self.do("code", "read", self.path("none.csv"), "--overwrite", code=2))
        with open(self.path("none.csv"), "w", encoding="utf-8") as file:
            file.write("token,answer\nb,1\n")
        self.assertIn('has no column "form"', self.do("code", "read", self.path("none.csv"), "--overwrite", code=1))
        os.symlink(self.study, self.path("my study"))  # a command that is offered can be pasted
        said = run(0, "code", "read", "--study", self.path("my study"), code=2)
        self.assertIn(f"code read wants the tables that coders sent back: coterie code read --study '{self.path('my study')}' coder1.csv", said)

    def test_published_tables_are_tested_and_drawn_as_published(self):
        published = os.path.join(SOURCE, "tests/data/published")
        at = ("code", "compare", "--to", self.path("out"))

        def compared(*arguments):
            said = run(0, *at, *arguments, cwd=self.folder)
            return said, {(line["first"], line["second"]): line for line in rows(self.path("out/comparisons.csv"))}

        said, pairs = compared(os.path.join(published, "protest.csv"), "--images", "30", "--average", "table", "--correction", "none")
        self.assertIn("15 comparisons: 7 with p < .05, uncorrected", said)
        for (first, second), p in {("self-supervised, K = 6", "self-supervised, K = 8"): 0.0105997, ("self-supervised, K = 6", "supervised, K = 10"): 0.000293301,
                                   ("self-supervised, K = 10", "supervised, K = 8"): 0.0326873}.items():
            self.assertAlmostEqual(float(pairs[first, second]["p"]), p, places=6)
        said, pairs = compared(os.path.join(published, "protest.csv"))
        self.assertIn("15 comparisons: 4 with p < .05, 0 after Holm's correction", said)
        self.assertAlmostEqual(float(pairs["self-supervised, K = 6", "self-supervised, K = 8"]["p"]), 0.0560866, places=6)
        said, _ = compared(os.path.join(published, "faces.csv"), "--only", "Face", "--images", "5", "--average", "table", "--correction", "none")
        self.assertIn("36 comparisons: 1 with p < .05", said)
        self.assertEqual(read(self.path("out/consistency.png"))[16:24], struct.pack(">II", 2250, 1800))
        run(0, *at, os.path.join(published, "kappas.csv"))
        self.assertIn(b"VGGFace", read(self.path("out/kappa.svg")))
        self.assertIn("nothing to compare", run(0, *at, code=2))
        self.assertFalse(os.path.exists(self.path("run.log")))  # of no study there is no log

    def test_every_number_of_table_a1_and_of_the_figures_is_the_published_one(self):
        published = os.path.join(SOURCE, "tests/data/published")

        def compared(name, *arguments):
            run(0, "code", "compare", os.path.join(published, name), "--average", "table", "--correction", "none", "--to", self.path("out"), *arguments)
            with open(self.path("out/consistency.svg"), encoding="utf-8") as file:
                drawn = sorted(re.findall(r">\s*(\d\.\d\d)\s*<", file.read()))
            return [float(line["p"]) for line in rows(self.path("out/comparisons.csv"))], drawn

        def printed(name, dataset=None):
            """Each cluster's consistency and each mean, as the figure has them."""
            numbers = []
            for line in rows(os.path.join(published, name)):
                if dataset in (None, line.get("Dataset")):
                    shares = [float(line[f"Cluster {c}"]) for c in range(1, 11) if line[f"Cluster {c}"]]
                    numbers += [f"{share:.2f}" for share in [*shares, sum(shares) / len(shares)]]
            return sorted(numbers)

        # Pairs in the order S6-S8, S6-S10, S6-P6 ... P8-P10, and with 20 images a cluster the same.
        for images, expected in (("30", (.0106, .2186, .00175, .00231, .000293, .1263, .5095, .6517, .2881, .0248, .0327, .00424, .8952, .8842, .6397)),
                                 ("20", (.0427, .3464, .0127, .0151, .00368, .2310, .6266, .7489, .4108, .0753, .0902, .0220, .9548, .9431, .7353))):
            p, drawn = compared("protest.csv", "--images", images)
            for mine, theirs in zip(p, expected, strict=True):
                self.assertLess(abs(mine - theirs), 6e-5 if theirs >= .01 else 6e-6, (mine, theirs))
            self.assertEqual(drawn, printed("protest.csv"))
        p, drawn = compared("climate.csv", "--images", "30")
        self.assertEqual(drawn, printed("climate.csv"))
        self.assertEqual(len(p), 36)  # the study tested the pairs of its first six rows alone
        first = [p[place] for place, (a, b) in enumerate((a, b) for a in range(9) for b in range(a + 1, 9)) if b < 6]
        for mine, theirs in zip(first, (.1326, .1970, .0541, .00194, .00325, .8379, .6495, .1155, .1941, .4330, .0482, .0840, .4013, .5943, .8061), strict=True):
            self.assertLess(abs(mine - theirs), 6e-5 if theirs >= .01 else 6e-6, (mine, theirs))
        p, drawn = compared("faces.csv", "--only", "Face", "--images", "5")
        self.assertEqual(drawn, printed("faces.csv", "Face"))
        self.assertEqual([f"{each:.4f}" for each in p if each < .05], ["0.0369"])

    def test_forms_are_blind_and_come_again_alike(self):
        self.do("code", "make", "--per-cluster", "3")
        page = read(self.form("coder1.html"))
        for secret in (b"stripes", b"discs", b"noise", b"own-k4", self.folder.encode()):
            self.assertNotIn(secret, page)
        self.assertIn(b"default-src 'none'", page)
        self.assertNotIn(b"Exif", page)
        tokens = [{line["token"] for line in rows(self.form(f"coder{c}.csv"))} for c in (1, 2)]
        self.assertFalse(tokens[0] & tokens[1])
        self.assertIn("is up to date", self.do("code", "make", "--per-cluster", "3"))
        self.assertIn("per-cluster: 3 then, 4 now", self.do("code", "make", "--per-cluster", "4", code=2))
        self.assertNotIn(b"<script", read(self.form("coder1-print.html")))

    def test_the_other_tasks_run_from_form_to_table(self):
        self.assertIn("not every cluster of this solution has one", self.do("code", "make", "--task", "labels", "--name", "x", code=2))
        names = ["</script><b>a", 'b "quoted"', "=c", "ü"]
        write_names(os.path.join(self.study, "names.json"), self.study, "own", names)
        for task, more, table in (("intrusion", (), "consistency.csv"), ("pairs", ("--gold", "1"), "pairs.csv"),
                                  ("labels", ("--boundary", "2"), "consistency.csv")):
            name = f"own-k4-{task}"
            self.do("code", "make", "--task", task, "--per-cluster", "3", "--overlap", "0.5", *more)
            self.assertNotIn(b"</script><b>", read(os.path.join(self.study, "forms", name, "coder1.html")))
            paths = []
            for coder in (1, 2):
                lines = rows(os.path.join(self.study, "forms", name, f"coder{coder}.csv"))
                paths.append(self.path(f"{task}{coder}.csv"))
                with open(paths[-1], "w", encoding="utf-8") as file:
                    file.write("form;token;answer\n" + "".join(f"{line['form']};{line['token']};{1 + i % 3}\n" for i, line in enumerate(lines)))
            self.do("code", "read", *paths, "--coding", name)
            self.do("code", "report", "--answers", name)
            self.assertGreater(len(rows(os.path.join(self.study, "tables", "coding", name, table))), 4)

    def show(self, browser, coder):
        browser.open("about:blank")
        browser.open("file://" + self.form(f"coder{coder}.html"))
        browser.wait("document.getElementById('count') && document.getElementById('count').textContent !== ''")

    @unittest.skipUnless(program(), "no browser here: apt-get install chromium")
    def test_the_form_is_filled_in_by_keyboard_alone(self):
        self.do("code", "make", "--per-cluster", "3", "--coders", "2")
        paths = []
        with Browser() as browser:
            for coder in (1, 2):
                self.show(browser, coder)
                tokens = [line["token"] for line in rows(self.form(f"coder{coder}.csv"))]
                self.assertEqual(browser.js("document.querySelectorAll('#theme img').length > 2"), True)
                self.assertEqual(browser.js("[...document.images].every(i => i.naturalWidth > 0 && i.naturalWidth <= 512)"), True)
                browser.key("2")
                browser.key("ArrowLeft")  # back, and another answer
                browser.key("1")
                self.show(browser, coder)  # closed and opened again: what was answered is kept
                self.assertIn(f"Item 2 of {len(tokens)}", browser.js("document.getElementById('count').textContent"))
                for i in range(1, len(tokens)):
                    browser.key("9")  # no answer
                    browser.key(str(1 + (i + coder) % 3))
                self.assertIn("all answered", browser.js("document.getElementById('count').textContent"))
                browser.key("Enter")  # the download is where the keyboard is
                paths.append(self.path(f"coder{coder}.csv"))
                with open(paths[-1], "w", encoding="utf-8", newline="") as file:
                    file.write(browser.downloaded(f"coder{coder}.csv"))
                self.assertEqual(browser.faults(), [])
                self.assertEqual([url for url in browser.requests() if not url.startswith(("file:", "data:", "blob:"))], [])
                found = rows(paths[-1])
                self.assertEqual([line["token"] for line in found], tokens)
                self.assertEqual([line["answer"] for line in found], ["1"] + [str(1 + (i + coder) % 3) for i in range(1, len(tokens))])
        said = self.do("code", "read", *paths)
        self.assertIn(f"{2 * len(tokens)} of {2 * len(tokens)} items of the forms read are answered", said)
        self.do("code", "report")
        self.assertEqual(len(glob.glob(os.path.join(self.study, "tables", "coding", "own-k4-fit", "*.csv"))), 8)


if __name__ == "__main__":
    main()
