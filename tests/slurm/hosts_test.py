"""Ranks on two hosts that mpirun reaches through a launch agent: what is per host, and what a host that vanishes does."""

import os
import re
import shutil
import subprocess
import time

from nodes import FEATURES, PROGRAM, TWO_NODES, Nodes, main, read

MPI = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(TWO_NODES))), "tools", "mpi")
REDUCTION = "reductions/efficientnet_lite0-pca.h5"
MANY = "clusterings/many.h5"
# Silence is noticed after 3 + 2 * 1 seconds here; tools/mpi by itself says 20 + 5 * 5.
SOON = {"OMPI_MCA_oob_tcp_keepalive_time": "3", "OMPI_MCA_oob_tcp_keepalive_intvl": "1", "OMPI_MCA_oob_tcp_keepalive_probes": "2"}
TIMEOUT = 30


class Hosts(Nodes):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.environment.update(SOON, OMPI_MCA_plm_rsh_agent=f"{TWO_NODES} ssh")

    def ranks(self, hosts, ranks, *arguments):
        return [TWO_NODES, "run", "head", MPI, str(ranks), "--host", hosts, PROGRAM, *arguments, "--study", self.study]

    def run_ranks(self, hosts, ranks, *arguments):
        done = subprocess.run(self.ranks(hosts, ranks, *arguments), env=self.environment, cwd=self.shared, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=100, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def start_ranks(self, *arguments):
        """On two ranks of each host; what they say goes to a file."""
        self.said = os.path.join(self.shared, "said")
        with open(self.said, "wb") as file:
            job = subprocess.Popen(self.ranks("node1:2,node2:2", 4, *arguments), env=self.environment, cwd=self.shared, stdout=file,
                                   stderr=subprocess.STDOUT)
        self.addCleanup(job.kill)
        return job

    def await_text(self, job, text):
        deadline = time.monotonic() + 60
        while text not in read(self.said).decode(errors="replace"):
            self.assertIsNone(job.poll(), read(self.said))
            self.assertLess(time.monotonic(), deadline, read(self.said))
            time.sleep(0.05)

    def assert_ends_with_a_message(self, job):
        start = time.monotonic()
        job.wait(timeout=TIMEOUT)
        text = read(self.said).decode(errors="replace")
        self.assertNotIn(job.returncode, (0, 75), text)
        self.assertRegex(text, "lost communication with a remote daemon")
        self.assertIn("on node node2", text)
        print(f"ended {time.monotonic() - start:.1f} s after node2 was lost")

    def shared_windows(self, node):
        """Of each rank on that node, the memory that it shares with others: {(device, inode), ...}."""
        maps = self.on(node, "bash", "-c", "for rank in $(pgrep -x coterie); do echo rank; grep '/osc_sm[.]' /proc/$rank/maps; done")
        return [set(re.findall(r" (\w+:\w+ \d+) ", rank)) for rank in maps.split("rank\n")[1:]]

    def test_memory_is_shared_by_the_ranks_of_a_host_and_the_bytes_are_the_same(self):
        job = self.start_ranks("run", self.ini, "--share-weights", "yes")
        self.await_blocks(1)
        windows = {node: self.shared_windows(node) for node in ("node1", "node2")}
        self.assertEqual(job.wait(timeout=100), 0, read(self.said))
        self.assert_same_as_undisturbed(self.study)
        for node in windows:
            self.assertEqual(len(windows[node]), 2, windows)
            self.assertTrue(windows[node][0], windows)
            self.assertEqual(windows[node][0], windows[node][1])
        self.assertFalse(windows["node1"][0] & windows["node2"][0], "one host's memory was seen on the other")
        ward = ("cluster", "--algorithm", "ward", "--k", "3", "--name", "ward")
        self.run_ranks("node1:2,node2:2", 4, *ward)
        there = read(os.path.join(self.study, "clusterings/ward.h5"))
        os.remove(os.path.join(self.study, "clusterings/ward.h5"))
        self.run_ranks("node1:2", 1, *ward)
        self.assertEqual(read(os.path.join(self.study, "clusterings/ward.h5")), there)
        self.assert_nothing_is_left("node1", "node2", "head")

    def test_a_host_shares_its_cores_among_its_own_ranks_alone(self):
        cores = os.cpu_count()
        for ranks, hosts in ((2, "node1:1,node2:1"), (4, "node1:2,node2:2")):
            self.study += "x"
            text = self.run_ranks(hosts, ranks, "scan", "--images", self.images)
            threads = max(1, 2 * cores // ranks)
            self.assertIn(f"on {ranks} ranks × {threads} thread", text)

    def test_a_host_that_vanishes_from_an_extraction_ends_the_job_and_the_other_goes_on(self):
        for verb in ("kill", "cut"):
            with self.subTest(verb):
                self.study += verb
                job = self.start_ranks("run", self.ini, "--stages", "scan,extract")
                self.await_blocks(1)
                self.nodes(verb, "node2")
                self.assert_ends_with_a_message(job)
                self.assert_nothing_is_left("node1", "head")
                self.assertEqual(self.artifacts(self.study, "features"), [os.path.basename(FEATURES) + ".partial"])
                self.assertRegex(self.run_ranks("node1:2", 2, "run", self.ini), r"\d+ of \d+ blocks are there already")
                self.assert_same_as_undisturbed(self.study)
                Nodes.setUp(self)

    def test_a_host_that_vanishes_from_a_kmeans_ends_the_job_and_the_other_makes_it(self):
        many = ("cluster", "--k", "2-14", "--n-init", "10", "--name", "many")
        shutil.copytree(self.calm, self.study)
        self.run_ranks("node1:1", 1, *many)
        expected = read(os.path.join(self.study, MANY))
        for verb in ("kill", "cut"):
            with self.subTest(verb):
                os.remove(os.path.join(self.study, MANY))
                job = self.start_ranks(*many)
                self.await_text(job, "k = 3: ")
                self.nodes(verb, "node2")
                self.assert_ends_with_a_message(job)
                self.assert_nothing_is_left("node1", "head")
                self.assertFalse(os.path.exists(os.path.join(self.study, MANY)))
                self.run_ranks("node1:2", 2, *many)
                self.assertEqual(read(os.path.join(self.study, MANY)), expected)
                Nodes.setUp(self)


if __name__ == "__main__":
    main()
