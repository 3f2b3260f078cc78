"""Ranks that take different collectives: with COTERIE_CHECK_COLLECTIVES each ends with what every rank was about to do."""

import os
import re
import subprocess
import sys
import time
import unittest

PROBE = os.environ["COLLECTIVES_PROBE"]
SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "collectives_probe.cpp")
ENVIRONMENT = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_btl_vader_single_copy_mechanism": "none",
}


def marked_lines(function):
    """The call sites in one function of the probe: {"right": 12, "wrong": 13}."""
    found, inside = {}, False
    with open(SOURCE, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if re.match(r"\w.*\(.*\{$", line):
                inside = f" {function}(" in line
            marks = re.search(r"// here: ([\w ]+)$", line.rstrip())
            if inside and marks:
                found.update(dict.fromkeys(marks.group(1).split(), number))
    return found


def run(ranks, mistake, patience):
    """Exit code, output and seconds."""
    command = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks), PROBE, mistake]
    environment = {**os.environ, **ENVIRONMENT, "COTERIE_CHECK_COLLECTIVES": str(patience)}
    start = time.monotonic()
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=50, check=False, text=True)
    return done.returncode, done.stdout, time.monotonic() - start


class RanksInStep(unittest.TestCase):
    def test_every_collective_passes_where_all_take_it(self):
        for ranks in (1, 2, 3, 4):
            with self.subTest(ranks=ranks):
                code, text, _ = run(ranks, "none", 30)
                self.assertEqual((code, text), (0, ""))

    def test_what_is_no_number_of_seconds_is_refused(self):
        code, text, _ = run(2, "none", "yes")
        self.assertNotEqual(code, 0)
        self.assertIn("COTERIE_CHECK_COLLECTIVES is the seconds that ranks wait", text)


class RanksOutOfStep(unittest.TestCase):
    def ends_with_both_sites(self, mistake, function, right, wrong, line_of_wrong=None):
        """Each rank but those that had no time left says what the last rank was about to do, and what the others."""
        lines = marked_lines(function)
        at_right = f"{right} at dist/collectives_probe.cpp:{lines['right']}"
        at_wrong = f"{wrong} at dist/collectives_probe.cpp:{line_of_wrong or lines['wrong']}"
        for ranks in (2, 3, 4):
            with self.subTest(mistake=mistake, ranks=ranks):
                code, text, seconds = run(ranks, mistake, 30)
                self.assertEqual(code, 1, text)
                others = ", ".join(map(str, range(ranks - 1)))
                self.assertIn(f"  rank {others}: {at_right}\n", text)
                self.assertIn(f"  rank {ranks - 1}: {at_wrong}\n", text)
                self.assertLess(seconds, 15, "found at once, not by patience")
                if "end" not in wrong:
                    for rank in range(ranks):
                        self.assertIn(f"<rank {rank}> the ranks are about to begin different collectives:\n", text)

    def test_in_another_order(self):
        self.ends_with_both_sites("order", "other_order", "max of double, 1 of them", "barrier")

    def test_with_another_count(self):
        self.ends_with_both_sites("count", "other_count", "sum of int64, 4 of them", "sum of int64, 5 of them")

    def test_with_another_operation_on_one_line(self):
        self.ends_with_both_sites("operation", "other_operation", "max of double, 4 of them", "min of double, 4 of them")

    def test_from_another_root(self):
        self.ends_with_both_sites("root", "other_root", "broadcast of bytes, 8 of them, from rank 0", "broadcast of bytes, 8 of them, from rank 1")

    def test_the_same_one_in_another_place(self):
        self.ends_with_both_sites("line", "other_line", "max of int64, 1 of them", "max of int64, 1 of them")

    def test_when_one_rank_skips_one(self):
        self.ends_with_both_sites("one-skipped", "one_skipped", "barrier", "together")

    def test_when_one_rank_skips_the_last(self):
        self.ends_with_both_sites("last-skipped", "last_skipped", "gathering", "end", marked_lines("main")["end"])

    def test_when_one_rank_skips_what_another_library_does(self):
        self.ends_with_both_sites("handle-skipped", "handle_skipped", "H5Dcreate", "barrier")

    def test_when_one_rank_skips_one_within_together(self):
        self.ends_with_both_sites("skipped-in-together", "skipped_in_together", "barrier", "together")

    def test_when_one_rank_never_comes(self):
        line = marked_lines("never_comes")["right"]
        for ranks in (2, 3, 4):
            with self.subTest(ranks=ranks):
                code, text, seconds = run(ranks, "never-comes", 1.5)
                self.assertEqual(code, 1, text)
                others = ", ".join(map(str, range(ranks - 1)))
                self.assertIn(f"rank {ranks - 1} did not come to a collective within 1.5 s:\n"
                              f"  rank {others}: sum of int64, 1 of them at dist/collectives_probe.cpp:{line}\n", text)
                self.assertIn("they agreed on 1 before, the last: barrier at dist/collectives_probe.cpp:", text)
                self.assertLess(seconds, 40)


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=2).result
    sys.exit(not result.wasSuccessful() or result.testsRun == 0)
