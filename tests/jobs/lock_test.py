"""Two jobs on one study, stop signals, clocks that jump, a rank that is slow: the bytes stay what they are."""

import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from coterie_program import ProgramTest, command, committed_blocks, environment, main, make_images, ranks_of, read, run
from faulty_study import FULL, RANDOM

EXTRACT = ("extract", "--study", "study", *RANDOM, "--threads", "1")
FEATURES = "study/features/efficientnet_lite0.h5"
STOPS = 20 if FULL else 3
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"


class LongExtraction(ProgramTest):
    """A scanned study in the working directory, and the features that an undisturbed extraction makes."""

    dice = random.Random(5)
    shared = None

    @classmethod
    def setUpClass(cls):
        if LongExtraction.shared is None:
            LongExtraction.prepare()

    @classmethod
    def prepare(cls):
        cls.shared = tempfile.mkdtemp(prefix="coterie-test-")
        unittest.addModuleCleanup(shutil.rmtree, cls.shared, ignore_errors=True)
        cls.blocks = make_images(os.path.join(cls.shared, "images"), each=64) // 32
        run(0, "scan", "--study", "study", "--images", "images", cwd=cls.shared)
        shutil.copytree(os.path.join(cls.shared, "study"), os.path.join(cls.shared, "scanned"))
        run(2, *EXTRACT, cwd=cls.shared)
        cls.calm = read(os.path.join(cls.shared, FEATURES))

    def setUp(self):
        super().setUp()
        self.scanned()

    def scanned(self):
        shutil.rmtree(self.path("study"), ignore_errors=True)
        shutil.copytree(os.path.join(self.shared, "scanned"), self.path("study"))

    def start(self, *arguments, ranks=2, **more):
        launcher = subprocess.Popen(command(ranks, *(arguments or EXTRACT)), cwd=self.folder, env=environment(), stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, **more)
        self.addCleanup(launcher.stdout.close)
        self.addCleanup(launcher.wait)
        self.addCleanup(launcher.kill)
        return launcher

    @staticmethod
    def halt(launcher, what=signal.SIGSTOP):
        for rank in ranks_of(launcher):
            os.kill(rank, what)

    def wait_for(self, condition, what, seconds=60):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.01)

    def begun(self, blocks=1):
        partial = self.path(FEATURES + ".partial")
        return os.path.exists(self.path(FEATURES)) or (os.path.exists(partial) and committed_blocks(partial) >= blocks)

    def locked(self):
        return os.path.exists(self.path("study/study.lock"))

    def finish(self, launcher):
        text = launcher.communicate(timeout=120)[0].decode(errors="replace")
        self.assertEqual(launcher.returncode, 0, text)
        self.assertEqual(read(self.path(FEATURES)), self.calm)
        self.assertFalse(self.locked())
        return text


class TwoJobs(LongExtraction):
    def test_the_second_job_ends_at_once_with_the_holders_name_and_the_first_goes_on(self):
        first = self.start()
        self.wait_for(self.locked, "the first job never locked the study")
        self.halt(first)  # so that it lasts as long as this test wants; its processes live on
        for arguments in (EXTRACT, ("scan", "--study", "study", "--images", "images"), ("reduce", "--study", "study"),
                          ("report", "--study", "study")):
            begin = time.monotonic()
            text = run(self.dice.choice((0, 2)), *arguments, cwd=self.folder, code=1)
            self.assertIn("study/study.lock: another job works on this study: coterie extract --study study", text)
            self.assertRegex(text, rf"process \d+ on {re.escape(socket.gethostname())}, since \d\d\d\d-.*kill \d+ on")
            self.assertLess(time.monotonic() - begin, 15)
        self.assertIn("images.h5: sound", run(0, "verify", "--study", "study", cwd=self.folder))
        self.assertIn("256 images listed", run(0, "info", "--study", "study", cwd=self.folder))
        self.assertIn("would make", run(0, *EXTRACT, "--dry-run", cwd=self.folder))
        self.halt(first, signal.SIGCONT)
        self.finish(first)

    def test_eight_jobs_that_find_a_dead_lock_at_once_run_one_at_a_time(self):
        first = self.start()
        self.wait_for(self.begun, "nothing was extracted")
        for rank in ranks_of(first):
            os.kill(rank, signal.SIGKILL)
        first.wait(timeout=60)
        self.assertTrue(self.locked())
        jobs = [self.start(ranks=0) for _ in range(8)]
        texts = [job.communicate(timeout=200)[0].decode(errors="replace") for job in jobs]
        codes = [job.returncode for job in jobs]
        took = [text for text in texts if "took over study/study.lock from a job that is dead" in text]
        self.assertEqual(len(took), 1, texts)
        self.assertIn("its process is gone", took[0])
        self.assertTrue(set(codes) <= {0, 1}, texts)
        self.assertGreater(codes.count(1), 0, texts)
        for code, text in zip(codes, texts):
            self.assertTrue(code == 0 or "another job" in text, text)
        self.assertEqual(read(self.path(FEATURES)), self.calm)

    def test_a_requeued_job_takes_over_from_itself_and_another_machines_lock_is_watched(self):
        lock = {"host": "node7", "machine": "elsewhere", "pid": 1, "start": 1, "job": "88@cluster", "restarts": 0,
                "since": "2026-01-01 00:00:00", "command": "coterie extract"}
        for variables, said in (({"SLURM_JOB_ID": "88", "SLURM_CLUSTER_NAME": "cluster", "SLURM_RESTART_COUNT": "1"}, "Slurm has requeued"),
                                ({}, "no sign of life for 20 s")):
            with open(self.path("study/study.lock"), "w", encoding="utf-8") as file:
                file.write("0" * 20 + "\n" + json.dumps(lock))
            done = subprocess.run(command(0, "scan", "--study", "study", "--images", os.path.join(self.shared, "images")), cwd=self.folder,
                                  env={**environment(), **variables}, capture_output=True, text=True, timeout=100, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn(said, done.stdout)
            self.assertFalse(self.locked())

    @unittest.skipUnless(os.geteuid() == 0, "a process space of its own needs root")
    def test_a_living_job_that_cannot_be_seen_is_known_by_its_sign_of_life(self):
        hidden = subprocess.Popen(["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", *command(0, *EXTRACT)], cwd=self.folder,
                                  env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(hidden.wait)
        self.addCleanup(hidden.kill)
        self.wait_for(self.locked, "the hidden job never locked the study")
        self.assertIn("another job works on this study", run(0, "reduce", "--study", "study", cwd=self.folder, code=1))
        self.assertEqual(hidden.wait(timeout=120), 0)
        self.assertEqual(read(self.path(FEATURES)), self.calm)

    def test_a_study_file_holds_the_lock_across_its_stages(self):
        with open(self.path("study.ini"), "w", encoding="utf-8") as file:
            file.write(f"[study]\nstudy = study\n[scan]\nimages = {self.shared}/images\n[extract]\nweights = random:7\nthreads = 1\n"
                       "[reduce]\ncomponents = 8\n[cluster]\nk = 3\n[report]\n")
        job = self.start("run", "study.ini")
        self.wait_for(self.locked, "the study was never locked")
        seen = set()
        inode = os.stat(self.path("study/study.lock")).st_ino
        while job.poll() is None:
            try:
                seen.add(os.stat(self.path("study/study.lock")).st_ino)
            except FileNotFoundError:
                break
        self.assertEqual(seen, {inode})
        self.finish(job)


class Stops(LongExtraction):
    def test_stop_signals_at_any_moment_leave_a_journal_that_is_right(self):
        stopped = 0
        for attempt in range(STOPS):
            self.scanned()
            launcher = self.start()
            self.wait_for(lambda: self.begun() or launcher.poll() is not None, "nothing was extracted")
            time.sleep(self.dice.uniform(0, 0.5))
            for _ in range(self.dice.randint(1, 40)):
                for rank in ranks_of(launcher):
                    try:
                        os.kill(rank, self.dice.choice((signal.SIGTERM, signal.SIGTERM, signal.SIGUSR1)))
                    except ProcessLookupError:
                        pass
                time.sleep(self.dice.uniform(0, 0.003))
            text = launcher.communicate(timeout=60)[0].decode(errors="replace")
            self.assertIn(launcher.returncode, (0, 75), text)
            self.assertFalse(self.locked(), "a job that was stopped kept its lock")
            if launcher.returncode == 75 and os.path.exists(self.path(FEATURES + ".partial")):
                stopped += 1
                committed = committed_blocks(self.path(FEATURES + ".partial"))
                told = run(0, "info", "--study", "study", cwd=self.folder)
                self.assertRegex(told, rf"under way: {32 * committed} of {32 * self.blocks} rows are done")
                again = run(self.dice.choice((1, 2, 3)), *EXTRACT, cwd=self.folder)
                self.assertIn(f"{committed} of {self.blocks} blocks are there already", again)
            else:
                run(2, *EXTRACT, cwd=self.folder)
            self.assertEqual(read(self.path(FEATURES)), self.calm, f"attempt {attempt}")
        print(f"\n{STOPS} extractions asked to stop up to 40 times each, {stopped} stopped with 75 and went on, journals right")
        self.assertGreater(stopped, 0)


class Time(LongExtraction):
    @unittest.skipUnless(os.path.exists(FAKETIME), "faketime is not installed")
    def test_clocks_that_jump_to_and_fro_change_nothing(self):
        clock = self.path("clock")

        def jump(text):
            with open(clock + ".new", "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(clock + ".new", clock)

        jump("+0")
        first = command(2, *EXTRACT)
        program = len(first) - len(EXTRACT) - 1
        preload = ["env", f"LD_PRELOAD={FAKETIME}", f"FAKETIME_TIMESTAMP_FILE={clock}", "FAKETIME_NO_CACHE=1", "DONT_FAKE_MONOTONIC=1"]
        launcher = subprocess.Popen([*first[:program], *preload, *first[program:]], cwd=self.folder, env=environment(),
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(launcher.kill)
        jumps = 0
        while launcher.poll() is None:
            jump(self.dice.choice(("-30d", "+30d", "-1d", "+1d", "-3650d")))
            jumps += 1
            time.sleep(0.05)
        text = self.finish(launcher)
        self.assertNotRegex(text, r"-\d+ (s|min|h)\b")
        log = read(self.path("study/run.log")).decode()
        self.assertGreater(len({line[:10] for line in log.splitlines()}), 1, "no clock ever jumped:\n" + log)
        self.assertIn("is up to date", run(1, *EXTRACT, cwd=self.folder))
        print(f"\n{jumps} jumps of the clock during one extraction")

    def test_a_rank_that_is_ten_times_slower_gets_fewer_blocks_and_changes_nothing(self):
        launcher = self.start()
        self.wait_for(lambda: len(ranks_of(launcher)) == 2 or launcher.poll() is not None, "no ranks")
        ranks = ranks_of(launcher)
        slow, fast = ranks[1], ranks[0]
        written = {slow: 0, fast: 0}
        try:
            while launcher.poll() is None:
                for rank in ranks:
                    written[rank] = max(written[rank], self.bytes_written(rank))
                os.kill(slow, signal.SIGSTOP)
                time.sleep(0.09)
                os.kill(slow, signal.SIGCONT)
                time.sleep(0.01)
        except ProcessLookupError:
            pass
        self.finish(launcher)
        print(f"\nthe slow rank wrote {written[slow]} bytes, the other {written[fast]}")
        self.assertLess(written[slow], written[fast] / 2)

    @staticmethod
    def bytes_written(process):
        try:
            return int(re.search(r"wchar: (\d+)", read(f"/proc/{process}/io").decode()).group(1))
        except (OSError, AttributeError):
            return 0


if __name__ == "__main__":
    main()
