"""Numbers and defaults that people met with: shares of the variance, offsets, the range of k, a dry run of a fresh study."""

import array
import os
import random
import re
import shlex
import shutil
import struct
import tempfile
import unittest

from coterie_program import SOURCE, main, make_images, run


def write_npy(path, rows):
    """float64, as numpy saves it."""
    header = repr({"descr": "<f8", "fortran_order": False, "shape": (len(rows), len(rows[0]))})
    header += " " * (-(len(header) + 11) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        file.write(array.array("d", [value for row in rows for value in row]).tobytes())


def uncorrelated(rows, deviations):
    """Columns of exactly these deviations, orthogonal to one another: cosines of whole periods."""
    from math import cos, pi, sqrt
    return [[s * sqrt(2) * cos(2 * pi * (j + 1) * (i + 0.5) / rows) for j, s in enumerate(deviations)] for i in range(rows)]


class Numerics(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="coterie-test-")

    def tearDown(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def imported(self, study, rows):
        write_npy(self.path("x.npy"), rows)
        return run(0, "import", "--study", self.path(study), "--file", self.path("x.npy"))

    def test_components_and_share(self):
        # Of 100: 60, 20, 10, 4, 3, 2, 1. So 95 % takes five of them, and 99 % six.
        self.imported("s", uncorrelated(80, [share ** 0.5 for share in (60, 20, 10, 4, 3, 2, 1)]))
        def reduced(*options):
            return run(0, "reduce", "--study", self.path("s"), "--normalize", "none", *options)
        self.assertIn("80 rows of 7 numbers to 5, which explain 97.0 %", reduced("--variance", "0.95", "--name", "share"))
        self.assertIn("is up to date", reduced("--variance", ".95", "--components", "0", "--name", "share"))
        both = reduced("--variance", "0.95", "--components", "2", "--name", "both")
        self.assertIn("--variance 0.95 alone would keep 5, --components 2 alone 2: the smaller number is kept, 2", both)
        self.assertIn("to 2, which explain 80.0 %", both)
        other = reduced("--variance", "0.95", "--components", "200", "--name", "other")  # more than there are
        self.assertIn("--variance 0.95 alone would keep 5, --components 200 alone 7: the smaller number is kept, 5", other)
        self.assertIn("to 7, which explain 100.0 %", reduced("--name", "usual"))

    def test_what_is_done_after_the_pca_follows_the_recipe(self):
        self.imported("s", uncorrelated(40, (3, 2, 1)))
        for name, options, after in (("ours", (), "l2"), ("published", ("--normalize", "standard"), "none"),
                                     ("plain", ("--normalize", "none"), "none"),
                                     ("deepcluster", ("--normalize", "none", "--whiten"), "l2")):
            text = run(0, "reduce", "--study", self.path("s"), *options, "--name", name)
            self.assertIn(f"(--normalize-after {after}, the default with these options)", text)
            again = run(0, "reduce", "--study", self.path("s"), *options, "--normalize-after", after, "--name", name)
            self.assertIn("is up to date", again)
            otherwise = run(0, "reduce", "--study", self.path("s"), *options, "--normalize-after",
                            {"l2": "none", "none": "l2"}[after], "--name", name, code=2)
            self.assertIn("normalize-after", otherwise)

    def test_columns_far_from_zero(self):
        dice = random.Random(3)
        far = [[dice.gauss(0, 1), 1e6 + dice.gauss(0, 5), 7.5e7, dice.gauss(300, 1)] for _ in range(50)]
        self.assertRegex(self.imported("far", far), r"1 of 4 columns lie far from zero .*: number 1 holds 9999\d\d\S* to 10000\d\d")
        centred = [[a, b - 1e6, c, d] for a, b, c, d in far]
        self.assertNotIn("far from zero", self.imported("centred", centred))

    def test_a_range_of_k_that_goes_on_where_it_ends(self):
        # Twelve groups of four: among 2 to 11, a quarter of the rows but one, no measure has its best inside.
        dice = random.Random(5)
        centres = [[dice.gauss(0, 10) for _ in range(6)] for _ in range(12)]
        self.imported("s", [[c + dice.gauss(0, 0.1) for c in centres[i % 12]] for i in range(47)])
        text = run(0, "cluster", "--study", self.path("s"), "--raw", "--seed", "7")
        self.assertIn("tries k = 2-11, each begun from the one before (--k names others)", text)
        self.assertIn("is up to date", run(0, "cluster", "--study", self.path("s"), "--raw", "--seed", "7", "--k", "2-11", "--warm-start"))
        said = run(0, "select", "--study", self.path("s"), "--bootstrap", "4", "--gap", "0")
        self.assertIn("silhouette names k = 11, at an end of the list", said)
        commands = re.findall(r"^ +(coterie .*)$", said, re.MULTILINE)
        self.assertEqual([shlex.split(each)[1] for each in commands], ["cluster", "select"], said)
        self.assertIn("--raw --k 2-22 --warm-start --seed 7", " ".join(sorted(commands)))
        for each in commands:
            last = run(0, *shlex.split(each)[1:])
        self.assertRegex(last, r"k = 12 is named by \d of \d measures")

    def test_a_small_folder_and_a_dry_run_of_a_fresh_study(self):
        make_images(self.path("photos"), each=5)
        images = sum(len(names) for _, _, names in os.walk(self.path("photos")))
        arguments = ("run", os.path.join(SOURCE, "configs/quickstart.ini"), "--study", self.path("s"), "--images", self.path("photos"),
                     "--weights", "random:1", "--bootstrap", "3", "--gap", "3")
        said = run(2, *arguments, "--dry-run")
        self.assertFalse(os.path.exists(self.path("s")))
        self.assertRegex(said, r"would make \S*/reductions/efficientnet_lite0-pca.h5, once \S*/features/efficientnet_lite0.h5 is made")
        self.assertRegex(said, r"would run report, once \S*/clusterings/efficientnet_lite0-pca-kmeans.h5 is made")
        self.assertIn(f"tries k = 2-{images // 4}", run(2, *arguments))
        self.assertTrue(os.path.exists(self.path("s", "report", "index.html")))
        self.assertNotIn("once", run(0, *arguments, "--dry-run"))


if __name__ == "__main__":
    main()
