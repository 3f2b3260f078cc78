"""How far the work is: a bar on a terminal, nothing but whole lines elsewhere; and how long it will take, before it begins."""

import re

import numpy

from coterie_program import ProgramTest, command, environment, main, run
from terminal import on_a_terminal

SHOWN = re.compile(r"\r\x1b\[K\[[#.]{24}\] (\w+): (\d+) %[^\r\n]*? left")


def shown_on_a_terminal(*arguments):
    """What a person at a terminal is shown, standard output and error together."""
    code, shown = on_a_terminal(command(0, *arguments), environment(), 300)
    text = b"".join(piece for _, piece in shown).decode(errors="replace")
    if code != 0:
        raise AssertionError(text)
    return text


class Progress(ProgramTest):
    def setUp(self):
        super().setUp()
        rows = numpy.random.default_rng(1).normal(size=(45_000, 24)).astype("float32")
        numpy.save(self.path("rows.npy"), rows)
        self.at = ("--study", self.path("study"))
        run(0, "import", *self.at, "--file", self.path("rows.npy"), "--name", "rows")

    def check_bar(self, stage, text, least):
        shares = [int(share) for name, share in SHOWN.findall(text) if name == stage]
        self.assertGreaterEqual(len(shares), least, text)
        self.assertEqual(shares, sorted(shares))
        self.assertLess(shares[0], 60, text)
        for line in text.split("\n"):  # what is said begins on a line of its own
            self.assertNotRegex(line, r"left[^\r]*k = ")

    def test_a_terminal_shows_bars_and_a_log_whole_lines(self):
        text = shown_on_a_terminal("cluster", *self.at, "--raw", "--k", "20,40", "--n-init", "4")
        self.check_bar("cluster", text, 3)
        self.assertIn("k = 40: inertia", text)
        self.check_bar("evaluate", shown_on_a_terminal("evaluate", *self.at), 2)
        text = run(0, "select", *self.at, "--k", "20", "--gap", "2", "--bootstrap", "2", "--figures=false")
        self.assertNotIn("\r", text)
        self.assertIn("rows-kmeans holds 1 number of clusters, and of fewer than 3 none can be recommended", text)

    def test_what_takes_long_says_so_before_and_in_a_dry_run(self):
        run(0, "cluster", *self.at, "--raw", "--k", "3,12", "--n-init", "1")
        self.assertRegex(run(0, "evaluate", *self.at, "--dry-run"), r"would take about \d+ s on 1 rank × \d+ thread")
        text = run(0, "select", *self.at, "--dry-run", "--bootstrap", "1000", "--gap", "1000", "--threads", "1")
        self.assertRegex(text, r"would take about \d+ (min|h) .* on 1 rank × 1 thread: .*--gap 0, --bootstrap 10")
        run(0, "evaluate", *self.at, "--silhouette=false")
        self.assertNotIn("would take", run(0, "evaluate", *self.at, "--silhouette=false", "--dry-run"))

    def test_the_usual_list_ends_where_rows_are_the_same(self):
        numpy.save(self.path("few.npy"), numpy.repeat(numpy.eye(5, dtype="float32"), 60, axis=0))
        run(0, "import", *self.at, "--file", self.path("few.npy"), "--name", "few")
        text = run(2, "cluster", *self.at, "--features", "few", "--raw")
        self.assertIn("tries k = 2-5", text)
        self.assertIn("the list ends at 5: so many of the 300 rows are distinct", text)
        numpy.save(self.path("one.npy"), numpy.ones((40, 3), dtype="float32"))
        run(0, "import", *self.at, "--file", self.path("one.npy"), "--name", "one")
        self.assertIn("tries k = 1", run(0, "cluster", *self.at, "--features", "one", "--raw"))
        run(0, "select", *self.at, "--clustering", "one-kmeans")


if __name__ == "__main__":
    main()
