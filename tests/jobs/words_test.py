"""Descriptors of images, as a person makes them: scan, words; killed and stopped; with images that show nothing and files that are none."""

import os
import re
import signal
import struct
import subprocess
import time
import unittest

from coterie_program import KINDS, ProgramTest, command, draw, environment, main, make_images, make_trouble, png, ranks_of, read, run

try:
    import h5py
except ImportError:
    h5py = None

ARTIFACT = "descriptors/sift.h5"
CNN = ("--detector", "cnn", "--backbone", "alexnet", "--layer", "features.11", "--weights", "random:1")
HEADER = struct.Struct("<QqqQ")  # hash, block, bytes, hash of the payload


def committed_blocks(study, artifact=ARTIFACT):
    """Whole records in the journal, read without coterie."""
    folder, blocks = os.path.join(study, artifact + ".partial"), set()
    if not os.path.isdir(folder):
        return 0
    for name in os.listdir(folder):
        if not name.endswith(".blocks"):
            continue
        data, at = read(os.path.join(folder, name)), 0
        while at + HEADER.size <= len(data):
            _, block, size, _ = HEADER.unpack_from(data, at)
            at += HEADER.size + size
            if at <= len(data):
                blocks.add(block)
    return len(blocks)


def content(path):
    """Of one file's datasets, whole."""
    with h5py.File(path) as file:
        return {name: file[name][()].tolist() for name in file}


@unittest.skipIf(h5py is None, "python3-h5py is not installed")
class Words(ProgramTest):
    def scanned(self, each=12):
        make_images(self.path("images"), each=each)
        run(0, "scan", "--study", self.path("study"), "--images", self.path("images"))
        return self.path("study")

    def test_any_ranks_and_threads_give_the_same_bytes(self):
        study = self.scanned(each=20)
        for name, options in (("sift", ()), ("dense-sift", ("--detector", "dense-sift", "--sizes", "12,24")), ("alexnet-features.11", CNN)):
            made = []
            for ranks, threads in ((0, 2), (2, 1), (3, 1), (4, 2)) if not options else ((0, 1), (3, 2)):
                run(ranks, "words", "--study", study, *options, "--threads", str(threads), "--overwrite")
                made.append(read(os.path.join(study, "descriptors", name + ".h5")))
            self.assertTrue(made[0])
            self.assertEqual([each == made[0] for each in made], [True] * len(made), name)
            self.assertIn("is up to date", run(0, "words", "--study", study, *options))

    def test_what_was_found_is_said_and_stands_in_the_file(self):
        study = self.scanned()
        text = run(2, "words", "--study", study, "--max-keypoints", "9")
        made = content(os.path.join(study, ARTIFACT))
        counts = [b - a for a, b in zip(made["first"], made["first"][1:])]
        self.assertEqual(len(counts), 4 * 12)
        self.assertEqual(max(counts), 9)
        self.assertIn(f"{made['first'][-1]} descriptors of 128 bytes; of an image {min(counts)} to 9, the median {sorted(counts)[24]}", text)
        self.assertIn(f"{counts.count(0)} of 48 images have none: nothing in them stands out", text)
        self.assertIn(f"made {study}/{ARTIFACT}", text)
        self.assertEqual({len(row) for row in made["descriptors"]}, {128})
        for number, (begin, end) in enumerate(zip(made["first"], made["first"][1:])):
            width, height = made["extent"][number]
            rows = [(-response, x, y, size, angle) for x, y, size, angle, response in made["keypoint"][begin:end]]
            self.assertEqual(rows, sorted(rows))
            self.assertTrue(all(0 <= row[1] < width and 0 <= row[2] < height for row in rows))
        self.assertIn("descriptors/sift", run(0, "info", "--study", study))
        self.assertIn("are sound, and of one generation", run(0, "verify", "--study", study))

    def test_published_ties_keep_images_of_the_exact_number_only(self):
        study = self.scanned()
        text = run(0, "words", "--study", study, "--max-keypoints", "9", "--ties", "published")
        made = content(os.path.join(study, ARTIFACT))
        counts = [b - a for a, b in zip(made["first"], made["first"][1:])]
        self.assertEqual(set(counts), {0, 9})
        self.assertEqual(set(made["status"]), {0})
        self.assertIn(f"{counts.count(0)} of 48 images have none: --ties published keeps those that have 9 keypoints to the one", text)

    def test_images_that_show_nothing_and_files_that_are_none_are_accounted_for(self):
        images, study = self.path("images"), self.path("study")
        make_trouble(images)
        for name, data in (("plain.png", png(60, 60, lambda x, y: (90, 90, 90))), ("gone.png", draw("noise", 1)), ("noise.png", draw("noise", 2))):
            with open(os.path.join(images, name), "wb") as file:
                file.write(data)
        run(0, "scan", "--study", study, "--images", images)
        os.remove(os.path.join(images, "gone.png"))
        text = run(2, "words", "--study", study)
        self.assertIn("1 not found", text)
        self.assertRegex(text, r"descriptors of \d+ images, 1 failed since the scan")
        with h5py.File(os.path.join(study, ARTIFACT)) as file:
            paths, first, status = [path.decode(errors="replace") for path in file["path"]], file["first"][:], file["status"][:]
            extents = dict(zip(paths, file["extent"][:].tolist()))
            counts = dict(zip(paths, (first[1:] - first[:-1]).tolist()))
        self.assertEqual(counts["plain.png"], 0)
        self.assertEqual(counts["trouble/1x1.png"], 0)
        self.assertEqual(extents["trouble/wide.png"], [30000, 2])
        self.assertGreater(counts["noise.png"], 0)
        self.assertEqual([path for path, code in zip(paths, status) if code != 0], ["gone.png"])
        self.assertEqual(counts["gone.png"], 0)
        self.assertNotIn("trouble/empty.png", counts)

    def test_one_image_and_none(self):
        os.mkdir(self.path("images"))
        with open(self.path("images", "a.png"), "wb") as file:
            file.write(draw("noise", 1))
        run(0, "scan", "--study", self.path("study"), "--images", self.path("images"))
        self.assertIn("descriptors of 1 image, 0 failed", run(3, "words", "--study", self.path("study")))
        with open(self.path("images", "a.png"), "wb") as file:
            file.write(b"no picture")
        run(0, "scan", "--study", self.path("other"), "--images", self.path("images"))
        self.assertIn("nothing to describe", run(2, "words", "--study", self.path("other"), code=2))
        self.assertIn("no image is any more what the scan saw", run(2, "words", "--study", self.path("study"), "--overwrite", code=1))

    def test_every_image_blank_is_a_study_without_descriptors(self):
        os.mkdir(self.path("images"))
        for i in range(3):
            with open(self.path("images", f"{i}.png"), "wb") as file:
                file.write(png(40 + i, 40, lambda x, y: (90, 90, 90)))
        run(0, "scan", "--study", self.path("study"), "--images", self.path("images"))
        text = run(2, "words", "--study", self.path("study"))
        self.assertIn("0 descriptors of 128 bytes", text)
        self.assertIn("warning: 3 of 3 images have none", text)
        self.assertIn("are sound", run(0, "verify", "--study", self.path("study")))

    def test_what_would_be_passed_over_is_refused_with_the_reason(self):
        study = self.scanned(each=2)
        for options, says in ((("--detector", "cnn", "--max-edge", "100"), "--max-edge means nothing to --detector cnn"),
                              (("--backbone", "vgg16"), "--backbone means nothing to --detector sift"),
                              (("--detector", "dense-sift", "--max-keypoints", "3"), "--max-keypoints means nothing to --detector dense-sift"),
                              (("--step", "3"), "--step means nothing to --detector sift"),
                              (("--ties", "published"), "--ties published wants a --max-keypoints"),
                              (("--detector", "cnn", "--backbone", "vgg16", "--layer", "fc1"), "layer fc1 of vgg16 has one vector for the whole image"),
                              (("--detector", "cnn", "--backbone", "alexnet,vgg16"), "words are made of one layer of one network"),
                              (("--detector", "surf"), "surf")):
            self.assertIn(says, run(0, "words", "--study", study, *options, code=2))
        run(0, "words", "--study", study)
        self.assertIn("max-keypoints: 0 then, 5 now", run(0, "words", "--study", study, "--max-keypoints", "5", code=2))
        self.assertIn("would make", run(0, "words", "--study", study, "--dry-run", "--name", "other"))

    def test_a_study_file_makes_them(self):
        make_images(self.path("images"), each=3)
        with open(self.path("study.ini"), "w", encoding="utf-8") as file:
            file.write(f"[study]\nstudy = {self.path('study')}\n[scan]\nimages = {self.path('images')}\n[words]\nmax-keypoints = 4\n")
        run(2, "run", self.path("study.ini"))
        first = content(os.path.join(self.path("study"), ARTIFACT))["first"]
        self.assertEqual(max(b - a for a, b in zip(first, first[1:])), 4)


@unittest.skipIf(h5py is None, "python3-h5py is not installed")
class Survival(ProgramTest):
    """One thread for each rank, so that there is something to interrupt."""

    def setUp(self):
        super().setUp()
        images, study = self.path("images"), self.path("calm")
        for number in range(10 * 32):
            os.makedirs(os.path.join(images, KINDS[number % 4]), exist_ok=True)
            with open(os.path.join(images, KINDS[number % 4], f"{number}.png"), "wb") as file:
                file.write(draw(KINDS[number % 4], number))
        run(0, "scan", "--study", study, "--images", images)
        run(2, "words", "--study", study)
        self.calm = read(os.path.join(study, ARTIFACT))

    def start(self, study, wanted):
        run(0, "scan", "--study", study, "--images", self.path("images"))
        launcher = subprocess.Popen(command(2, "words", "--study", study, "--threads", "1"), env=environment(), stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL)
        while launcher.poll() is None and committed_blocks(study) < wanted:
            time.sleep(0.01)
        return launcher

    def test_a_kill_costs_the_blocks_in_hand_and_a_stop_signal_none(self):
        resumed = stopped = 0
        for attempt in range(4):
            study = self.path(f"study-{attempt}")
            launcher = self.start(study, 1 + attempt)
            if attempt % 2:
                launcher.send_signal(signal.SIGTERM if attempt == 1 else signal.SIGUSR1)
            else:
                for rank in ranks_of(launcher)[attempt % 3:]:
                    os.kill(rank, signal.SIGKILL)
            code = launcher.wait(timeout=60)
            stopped += code == 75
            if code == 75:
                self.assertFalse(os.path.exists(os.path.join(study, ARTIFACT)))
            committed = committed_blocks(study)
            text = run((0, 3, 4)[attempt % 3], "words", "--study", study)
            found = re.search(r"(\d+) of 10 blocks are there already", text)
            if "is up to date" not in text:
                self.assertEqual(int(found.group(1)) if found else 0, committed)
            resumed += found is not None
            self.assertEqual(read(os.path.join(study, ARTIFACT)), self.calm, f"attempt {attempt}")
            self.assertFalse(os.path.exists(os.path.join(study, ARTIFACT + ".partial")))
        self.assertGreater(resumed, 0)
        self.assertGreater(stopped, 0)

    def test_what_was_begun_otherwise_is_kept_and_harmed_blocks_are_done_again(self):
        study = self.path("study")
        launcher = self.start(study, 4)
        launcher.send_signal(signal.SIGUSR1)
        if launcher.wait(timeout=60) != 75:
            self.skipTest("it was over before the signal came")
        self.assertIn("max-keypoints: 0 then, 5 now", run(0, "words", "--study", study, "--max-keypoints", "5", code=2))
        folder = os.path.join(study, ARTIFACT + ".partial")
        before = committed_blocks(study)
        files = [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith(".blocks")]
        data = bytearray(read(files[0]))
        data[HEADER.size + 100] ^= 8  # in the first payload
        with open(files[0], "wb") as file:
            file.write(data)
        with open(files[-1], "ab") as file:
            file.write(b"torn")
        self.assertIn(f"{before - 1} of 10 blocks are there already", run(0, "words", "--study", study))
        self.assertEqual(read(os.path.join(study, ARTIFACT)), self.calm)


if __name__ == "__main__":
    main()
