"""Extraction that is killed, asked to stop, or damaged: what was committed stays, and the rest is done."""

import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time

from coterie_program import ProgramTest, command, committed_blocks, environment, exported, main, make_images, only, ranks_of, read, run

EXTRACT = ("--backbone", "efficientnet_lite0", "--weights", "random:7", "--threads", "1")
FEATURES = "features/efficientnet_lite0.h5"
KILLS = 10


class Survival(ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.dice = random.Random(11)
        cls.shared = tempfile.mkdtemp(prefix="coterie-test-")
        cls.addClassCleanup(shutil.rmtree, cls.shared, ignore_errors=True)
        cls.images = os.path.join(cls.shared, "images")
        cls.blocks = make_images(cls.images, each=96) // 32
        study = os.path.join(cls.shared, "calm")
        run(0, "scan", "--study", study, "--images", cls.images)
        run(2, "extract", "--study", study, *EXTRACT)
        cls.calm = read(os.path.join(study, FEATURES))

    def scanned(self, name):
        run(0, "scan", "--study", self.path(name), "--images", self.images)
        return self.path(name)

    def start(self, study, least):
        """Extraction on two ranks, as far as a random number of blocks; it may be over by then on a busy machine."""
        launcher = subprocess.Popen(command(2, "extract", "--study", study, *EXTRACT), env=environment(), stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL)
        wanted = self.dice.randint(least, self.blocks // 2)
        partial = os.path.join(study, FEATURES + ".partial")
        while launcher.poll() is None and not (os.path.exists(partial) and committed_blocks(partial) >= wanted):
            time.sleep(0.02)
        return launcher

    def test_a_killed_rank_costs_only_the_blocks_in_hand(self):
        resumed = 0
        for attempt in range(KILLS):
            study = self.scanned(f"kill-{attempt}")
            launcher = self.start(study, least=0)
            ranks = ranks_of(launcher)
            for rank in ranks if attempt % 2 else ranks[:1]:
                os.kill(rank, signal.SIGKILL)
            launcher.wait(timeout=60)
            partial = os.path.join(study, FEATURES + ".partial")
            committed = committed_blocks(partial) if os.path.exists(partial) else 0
            text = run(self.dice.choice((1, 3, 4)), "extract", "--study", study, *EXTRACT)
            found = re.search(r"(\d+) of \d+ blocks are there already", text)
            if "is up to date" not in text:
                self.assertEqual(int(found.group(1)) if found else 0, committed)
            resumed += found is not None
            self.assertEqual(read(os.path.join(study, FEATURES)), self.calm, f"attempt {attempt}")
        self.assertGreater(resumed, 0)  # else no kill came while there was something to lose

    def test_a_stop_signal_ends_with_75_and_the_next_run_goes_on(self):
        for attempt in range(5):
            study = self.scanned(f"stop-{attempt}")
            launcher = self.start(study, least=1)
            launcher.send_signal(signal.SIGUSR1)
            code = launcher.wait(timeout=60)
            if code == 75:
                break  # else all was done before the signal came
        self.assertEqual(code, 75)
        self.assertFalse(os.path.exists(os.path.join(study, FEATURES)))
        self.assertIn("blocks are there already", run(3, "extract", "--study", study, *EXTRACT))
        self.assertEqual(read(os.path.join(study, FEATURES)), self.calm)

    def test_a_flipped_byte_is_found_and_only_its_block_is_done_again(self):
        shutil.copytree(os.path.join(self.shared, "calm"), self.path("calm"))
        path = self.path("calm", FEATURES)
        with open(path, "r+b") as file:
            file.seek(len(self.calm) // 2)
            byte = file.read(1)
            file.seek(len(self.calm) // 2)
            file.write(bytes([byte[0] ^ 4]))
        self.assertIn("damaged: features", run(0, "verify", "--study", self.path("calm"), code=1))
        self.assertIn(f"{self.blocks - 1} of {self.blocks} blocks are there already", run(2, "extract", "--study", self.path("calm"), *EXTRACT))
        self.assertEqual(read(path), self.calm)
        self.assertIn("artifacts are sound", run(0, "verify", "--study", self.path("calm")))

    def test_images_that_are_removed_or_break_after_the_scan_are_accounted_for(self):
        images, sound = self.path("images"), 32 * self.blocks - 2
        shutil.copytree(self.images, images)
        study = self.path("vanish")
        run(0, "scan", "--study", study, "--images", images)
        os.remove(os.path.join(images, "discs", "discs 3.png"))
        with open(os.path.join(images, "ramps", "ramps 5.png"), "wb") as file:
            file.write(b"\x89PNG\r\n\x1a\n broken")
        self.assertIn(f"{sound} images, 2 failed since the scan", run(2, "extract", "--study", study, *EXTRACT))
        run(2, "reduce", "--study", study, "--components", "4")
        run(2, "cluster", "--study", study, "--k", "3")
        run(0, "export", "--study", study)
        self.assertEqual(len(read(only(study, "assignments.csv")).splitlines()), 1 + sound)
        skipped = read(exported(study, "skipped.csv")).decode()
        self.assertIn("discs/discs 3.png,not found", skipped)
        self.assertIn("ramps/ramps 5.png,", skipped)


if __name__ == "__main__":
    main()
