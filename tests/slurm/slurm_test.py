"""slurm/study.sbatch and slurm/stages.sh, submitted with sbatch to a real Slurm of two nodes."""

import os
import re
import shutil
import signal
import time

from nodes import HERE, PROGRAM, Nodes, main, read

SLURM = os.path.join(os.path.dirname(os.path.dirname(HERE)), "slurm")
BATCH = os.path.join(SLURM, "study.sbatch")
# One rank on each node: as many as there are cores on the machine that plays both nodes.
SHAPE = ("--nodes=2", "--ntasks-per-node=1", "--cpus-per-task=1")


class Slurm(Nodes):
    start = ("--slurm",)

    def submit(self, *options, arguments=(), **environment):
        """Submits the study with sbatch's options; returns the job's number."""
        return self.on("head", "sbatch", "--parsable", "--output=%j.log", *SHAPE, *options, BATCH, self.ini, "--study", self.study, *arguments,
                       **environment).strip()

    def job(self, number):
        """What Slurm knows of the job, {field: value}."""
        return dict(re.findall(r"(\w+)=(\S*)", self.on("head", "scontrol", "show", "job", number)))

    def log(self, number):
        for name in (f"{number}.log", f"slurm-{number}.out"):
            path = os.path.join(self.shared, name)
            if os.path.exists(path):
                return read(path).decode(errors="replace")
        return ""

    def await_end(self, number, state, seconds=90):
        """Until the job is over; it must have come to that state. Returns its log."""
        deadline = time.monotonic() + seconds
        while self.job(number)["JobState"] in ("PENDING", "CONFIGURING", "RUNNING", "COMPLETING"):
            self.assertLess(time.monotonic(), deadline, self.log(number))
            time.sleep(0.3)
        self.assertEqual(self.job(number)["JobState"], state, self.log(number))
        return self.log(number)

    def assert_resumed(self, log):
        found = re.search(r"(\d+) of (\d+) blocks are there already", log)
        self.assertTrue(found, log)
        self.assertGreater(int(found.group(1)), 0)
        self.assertLess(int(found.group(1)), int(found.group(2)))

    def test_a_study_runs_to_its_end_on_two_nodes(self):
        log = self.await_end(self.submit("--mem=600"), "COMPLETED")
        self.assertIn("on node[1-2], 2 ranks of 1 threads\n", log)
        self.assertIn("--memory auto: 300 MiB of rows for each rank; SLURM_MEM_PER_NODE allows 600 MiB on this node", log)
        self.assertIn("extract took", log)
        self.assert_same_as_undisturbed(self.study)
        self.assert_nothing_is_left("node1", "node2")

    def test_coterie_submits_the_job_that_it_planned(self):
        kept = os.path.join(self.shared, "node.json")
        self.on("node1", PROGRAM, "plan", self.ini, "--threads", "1", "--calibrate", "--calibration", kept)
        hostile = os.path.join(self.shared, "my study's $(false).ini")
        shutil.copy(self.ini, hostile)
        arguments = ("submit", hostile, "--study", self.study, "--calibration", kept, "--nodes", "2", "--cpus-per-rank", "1")
        self.assertIn("nothing was submitted", self.on("head", PROGRAM, *arguments))
        self.assertEqual(self.on("head", "squeue", "--noheader").strip(), "")
        text = self.on("head", PROGRAM, *arguments, "--yes")
        number = re.search(r"Submitted batch job (\d+)", text).group(1)
        self.assertIn("JobName=my study's $(false)\n", self.on("head", "scontrol", "show", "job", number))
        self.await_end(number, "COMPLETED")
        self.assert_same_as_undisturbed(self.study)

    def test_mpirun_in_the_allocation_starts_the_ranks_as_well(self):
        number = self.submit("--ntasks-per-node=2", COTERIE_LAUNCHER="mpirun")
        self.await_blocks(1)
        for node in ("node1", "node2"):
            self.assertEqual(len(re.findall(r"^coterie$", self.on(node, "ps", "-eo", "comm"), re.MULTILINE)), 2, node)
        self.await_end(number, "COMPLETED")
        self.assert_same_as_undisturbed(self.study)
        self.assert_nothing_is_left("node1", "node2")

    def test_a_job_that_is_told_to_stop_goes_back_into_the_queue_and_on_from_there(self):
        for launcher in ("srun", "mpirun"):
            with self.subTest(launcher):
                self.study += launcher
                number = self.submit(COTERIE_LAUNCHER=launcher)
                self.await_blocks(1)
                self.on("head", "scancel", "--batch", "--signal=USR1", number)
                log = self.await_end(number, "COMPLETED")
                self.assertEqual(self.job(number)["Restarts"], "1")
                self.assertIn("stopped in good order; the same command goes on", log)
                self.assertIn("back in the queue", log)
                self.assert_resumed(log)
                self.assert_same_as_undisturbed(self.study)

    def test_a_real_time_limit_costs_nothing_that_was_committed(self):
        # Slurm looks at limits every half minute. The ranks stand still until then, else they would be done.
        number = self.submit("--time=1", "--signal=B:USR1@55")
        self.await_blocks(1)
        self.signal_ranks("STOP")
        deadline = time.monotonic() + 60
        while "the time limit is near" not in self.log(number):
            self.assertLess(time.monotonic(), deadline, "Slurm sends no signal")
            time.sleep(0.2)
        self.signal_ranks("CONT")
        log = self.await_end(number, "COMPLETED")
        self.assertEqual(self.job(number)["Restarts"], "1")
        self.assert_resumed(log)
        self.assert_same_as_undisturbed(self.study)

    def signal_ranks(self, name):
        for node in ("node1", "node2"):
            self.on(node, "pkill", f"-{name}", "-x", "coterie")

    def test_a_cancelled_job_leaves_what_the_next_one_continues(self):
        number = self.submit()
        self.await_blocks(1)
        self.on("head", "scancel", number)
        self.await_end(number, "CANCELLED")
        self.assertEqual(self.job(number)["Restarts"], "0")
        self.assert_nothing_is_left("node1", "node2")
        self.assert_resumed(self.await_end(self.submit("--nodes=1"), "COMPLETED"))
        self.assert_same_as_undisturbed(self.study)

    def test_slurm_puts_the_job_of_a_node_that_died_back_and_it_goes_on(self):
        number = self.submit()
        self.await_blocks(1)
        self.nodes("kill", "node2")
        deadline = time.monotonic() + 60
        while self.job(number)["Restarts"] != "1":
            self.assertLess(time.monotonic(), deadline, "Slurm does not notice")
            time.sleep(0.3)
        self.setUp()  # the node is repaired
        self.assert_resumed(self.await_end(number, "COMPLETED"))
        self.assert_same_as_undisturbed(self.study)

    def test_a_killed_rank_ends_the_job_with_its_code(self):
        number = self.submit()
        self.await_blocks(1)
        self.on("node2", "pkill", "-KILL", "-x", "coterie")
        log = self.await_end(number, "FAILED")
        self.assertIn(f"ended with exit code {128 + signal.SIGKILL}", log)
        self.assert_nothing_is_left("node1", "node2")

    def test_a_run_that_gets_nothing_done_and_a_wrong_option_are_not_repeated(self):
        in_vain = os.path.join(self.shared, "in_vain")
        with open(in_vain, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\nexit 75\n")
        os.chmod(in_vain, 0o755)
        log = self.await_end(self.submit(COTERIE_LAUNCHER=in_vain), "FAILED")
        self.assertIn("nothing in " + self.study + " changed in this run", log)
        wrong = self.submit(arguments=("--thread", "1"))
        self.assertIn('knows no option "thread"; did you mean "threads"?', self.await_end(wrong, "FAILED"))
        self.assertEqual(self.job(wrong)["ExitCode"], "2:0")

    def test_a_chain_of_jobs_makes_the_study_and_gives_each_its_nodes(self):
        with open(self.ini, encoding="utf-8") as file:
            text = file.read().replace(self.calm, self.study)
        chain = os.path.join(self.shared, "chain.ini")
        with open(chain, "w", encoding="utf-8") as file:
            file.write(text)
        options = {"COTERIE_GPU": " ".join(SHAPE) + " --partition=other", "COTERIE_CPU": " ".join(SHAPE)}
        shown = self.on("head", os.path.join(SLURM, "stages.sh"), "--dry-run", chain, **options)
        self.assertEqual(len(shown.splitlines()), 3)
        self.assertFalse(os.path.exists(self.study))
        shown = self.on("head", os.path.join(SLURM, "stages.sh"), chain, **options)
        numbers = re.findall(r"^  job (\d+)$", shown, re.MULTILINE)
        self.assertEqual(len(numbers), 3)
        for number, partition, stages in zip(numbers, ("all", "other", "all"), (["scan"], ["extract"], ["reduce", "cluster", "evaluate", "export"])):
            self.await_end(number, "COMPLETED")
            self.assertEqual(self.job(number)["Partition"], partition)
            took = re.findall(r"^(\w+) took", read(os.path.join(self.shared, f"slurm-{number}.out")).decode().replace("\r", "\n"), re.MULTILINE)
            self.assertEqual(took, stages)
        self.assert_same_as_undisturbed(self.study)


if __name__ == "__main__":
    main()
