"""A disk that fills up at one write after the other, a study that may not be written to: every message names a file and
a way out, what was there stays, and with room the same command makes the same bytes."""

import contextlib
import os
import shutil
import subprocess
import unittest
from unittest import mock

from coterie_program import PROGRAM, ProgramTest, command, environment, exported, main, make_images, only, read, run
from faulty_study import FULL, RANDOM, STAGES, FaultTest, files_of

PAGE = os.sysconf("SC_PAGESIZE")
ROOM = 64 << 20
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def remount(disk, *options):
    subprocess.run(["mount", "-o", "remount," + ",".join(options), disk], check=True)


def used(disk):
    """Bytes of a tmpfs that are taken."""
    status = os.statvfs(disk)
    return (status.f_blocks - status.f_bfree) * status.f_frsize


@unittest.skipUnless(os.geteuid() == 0, "mounting a small disk needs root")
class SmallDisk(FaultTest):
    def setUp(self):
        super().setUp()
        self.disk = self.path("disk")
        os.makedirs(self.disk)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", self.disk], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk], check=False)

    def fresh(self, stage):
        remount(self.disk, f"size={ROOM}")
        for name in os.listdir(self.disk):
            shutil.rmtree(os.path.join(self.disk, name))
        self.place(stage, "disk")
        return max(used(self.disk), PAGE)  # a size of 0 would mean none

    def sizes(self, stage):
        """Free pages to try: from none to one fewer than the stage takes."""
        start = self.fresh(stage)
        run(0, *self.command(stage), cwd=self.disk)
        most = (used(self.disk) - start) // PAGE
        shares = [i / 7 for i in range(8)] if FULL else [0.5, 1]
        return sorted({int(share * (most - 1)) for share in shares})

    def fill_up(self, stage, pages, ranks):
        """Whether the disk was too small. What cannot be written is reported, and after making room all is made."""
        start = self.fresh(stage)
        remount(self.disk, f"size={start + pages * PAGE}")
        done = subprocess.run(command(ranks, *self.command(stage)), cwd=self.disk, env=environment(), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=120, check=False)
        text = done.stdout.decode(errors="replace")
        what = f"{stage} with {pages} free pages on {ranks} ranks:\n{text}"
        if done.returncode != 0:
            self.assertEqual(done.returncode, 1, what)
            self.assertRegex(text, r"coterie: study/.+: .*disk is full: free some space", what)
        self.assert_earlier_kept(stage, self.disk, what)
        remount(self.disk, f"size={ROOM}")
        run(0, *self.command(stage), cwd=self.disk)
        self.assert_undisturbed(stage, self.disk, what)
        return done.returncode != 0

    def test_a_disk_that_is_full_at_any_write_loses_nothing(self):
        print("\n| stage | sizes of the disk | too small | reported, all kept, then byte-equal |\n|---|---|---|---|")
        for stage in STAGES:
            sizes = self.sizes(stage)
            failed = sum(self.fill_up(stage, pages, ranks=2 if (number + len(stage)) % 2 else 0) for number, pages in enumerate(sizes))
            print(f"| {stage} | {len(sizes)} | {failed} | {len(sizes)} |", flush=True)
            self.assertGreater(failed, 0, stage)

    def test_a_full_folder_of_temporary_files_is_named_as_such(self):
        self.place("report", "elsewhere")
        remount(self.disk, f"size={64 << 10}")
        with open(os.path.join(self.disk, "filler"), "wb", buffering=0) as filler, contextlib.suppress(OSError):
            while True:
                filler.write(bytes(PAGE))
        with mock.patch.dict(os.environ, TMPDIR=self.disk):
            text = run(0, *self.command("report"), cwd=self.path("elsewhere"), code=1)
        self.assertIn(f"coterie: {self.disk}: the disk of temporary files, where charts are drawn, is full", text)
        self.assertIn("let TMPDIR name a folder with room", text)
        run(0, *self.command("report"), cwd=self.path("elsewhere"))

    def test_a_study_mounted_read_only_can_be_read_and_says_so_when_written_to(self):
        self.fresh("report")
        remount(self.disk, "ro")
        self.addCleanup(remount, self.disk, "rw")
        self.assertIn("artifacts are sound", run(0, "verify", "--study", "study", cwd=self.disk))
        self.assertIn("efficientnet_lite0", run(0, "info", "--study", "study", cwd=self.disk))
        run(0, "plan", "--study", "study", "--image-count", "100", "--ranks", "1", "--images-per-second", "10", cwd=self.disk)
        run(0, "export", "--study", "study", "--clustering", "kmeans", "--k", "4", "--to", self.path("elsewhere"), cwd=self.disk)
        self.assertTrue(only(self.path("elsewhere"), "assignments.csv"))
        for stage in STAGES:
            text = run(0, *self.command(stage), cwd=self.disk, code=1)
            self.assertRegex(text, r"coterie: study/\S+: .*mounted read-only: copy the study", stage)


@unittest.skipUnless(os.geteuid() == 0, "becoming somebody else needs root")
class SomebodyElse(ProgramTest):
    """Root ignores modes, so the program runs as nobody."""

    def setUp(self):
        super().setUp()
        os.chmod(self.folder, 0o777)
        shutil.copy(PROGRAM, self.path("coterie"))  # the build may lie where nobody may not go
        make_images(self.path("images"), each=8)

    def as_nobody(self, *arguments, code=0):
        done = subprocess.run([*NOBODY, self.path("coterie"), *arguments], env=environment(), cwd=self.folder,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False)
        text = done.stdout.decode(errors="replace")
        self.assertEqual(done.returncode, code, text)
        return text

    def test_a_study_without_the_right_to_write_can_be_read(self):
        run(0, "scan", "--study", "study", "--images", "images", cwd=self.folder)
        run(2, "extract", "--study", "study", *RANDOM, cwd=self.folder)
        run(2, "reduce", "--study", "study", "--components", "4", cwd=self.folder)
        run(2, "cluster", "--study", "study", "--k", "3", cwd=self.folder)
        there = files_of(self.path("study"))
        self.assertIn("artifacts are sound", self.as_nobody("verify", "--study", "study"))
        self.assertIn("efficientnet_lite0-pca", self.as_nobody("info", "--study", "study"))
        self.assertIn("its manifest will not tell", self.as_nobody("export", "--study", "study", "--to", "mine"))
        self.assertTrue(only(self.path("mine"), "assignments.csv"))
        for arguments in (("reduce", "--components", "5", "--name", "other"), ("evaluate",), ("report",), ("export",)):
            text = self.as_nobody(arguments[0], "--study", "study", *arguments[1:], code=1)
            self.assertRegex(text, "coterie: study/study.lock: .*you may not write there: ask its owner")
        self.assertEqual(files_of(self.path("study")), there)

    def test_another_users_study_in_folders_with_the_sticky_bit_is_refused_before_any_work(self):
        run(0, "scan", "--study", "study", "--images", "images", cwd=self.folder)
        run(0, "extract", "--study", "study", *RANDOM, cwd=self.folder)
        run(0, "reduce", "--study", "study", "--components", "4", cwd=self.folder)
        for folder, _, files in os.walk(self.path("study")):
            os.chmod(folder, 0o1777)
            for name in files:
                os.chmod(os.path.join(folder, name), 0o666)
        there = files_of(self.path("study"))
        for arguments in (("cluster", "--k", "3"), ("reduce", "--components", "5", "--overwrite"), ("export",)):
            text = self.as_nobody(arguments[0], "--study", "study", *arguments[1:], code=1)
            self.assertRegex(text, r"study/manifest.json: cannot be written: study has the sticky bit, .*: ask its owner, or use a copy")
        self.assertEqual(files_of(self.path("study")), there)
        os.chmod(self.path("study"), 0o777)  # but not the folders in it: what is another's there stays
        self.as_nobody("reduce", "--study", "study", "--components", "3", "--name", "mine")
        text = self.as_nobody("reduce", "--study", "study", "--components", "5", "--overwrite", code=1)
        self.assertRegex(text, r"reductions/efficientnet_lite0-pca.h5: cannot be written: study/reductions has the sticky bit")

    def test_folders_that_lose_their_permission_after_the_scan_cost_their_images_alone(self):
        self.as_nobody("scan", "--study", "study", "--images", "images")
        os.chmod(self.path("images", "discs"), 0)
        os.chmod(self.path("images", "ramps", "ramps 3.png"), 0)
        self.assertIn("23 images, 9 failed since the scan", self.as_nobody("extract", "--study", "study", *RANDOM))
        self.as_nobody("reduce", "--study", "study", "--components", "4")
        self.as_nobody("cluster", "--study", "study", "--k", "3")
        self.as_nobody("export", "--study", "study")
        skipped = read(exported(self.path("study"), "skipped.csv")).decode().splitlines()[1:]
        self.assertEqual(len(skipped), 9)
        self.assertTrue(all(",unreadable," in line for line in skipped), skipped)

    def test_a_folder_that_cannot_be_entered_is_told_by_the_scan(self):
        os.chmod(self.path("images", "discs"), 0)
        text = self.as_nobody("scan", "--study", "study", "--images", "images")
        self.assertRegex(text, "passed over .*discs")
        self.assertIn("24 images listed: 24 ok", text)


if __name__ == "__main__":
    main()
