"""What a hostile file, name or folder can make the program do: nothing. docs/security.md says what is promised."""

import os
import shutil
import stat
import subprocess
import threading
import unittest

import h5py
import numpy as np

from coterie_program import PROGRAM, draw, environment, main, only, read, run
from hostile_files import Hdf5, Texts, Weights  # noqa: F401  their cases are run here
from hostile_names import Names  # noqa: F401
from hostile_study import CLUSTERING, FEATURES, RANDOM, Hostile, stages, tree


class Links(Hostile):
    def test_no_folder_of_a_study_may_be_a_link_when_something_is_written_to_it(self):
        study = self.copy()
        commands = {name: command for name, command in stages(study, self.images, seed=2).items() if name}
        for kind in ("selections", "comparisons", "assignments"):
            commands[f"tables/{kind}"] = commands[f"figures/{kind}"] = commands[kind]
        commands["figures"] = commands["selections"]
        commands["tables/images"] = (*stages(study, self.images, seed=2)[""], "--overwrite")
        folders = [os.path.relpath(path, study) for path, content in tree(study).items() if content is None]
        self.assertGreater(len(folders), 12)
        for folder in sorted(folders):
            with self.subTest(folder=folder):
                command = commands.get("/".join(folder.split("/")[:2]), commands.get(folder.split("/")[0]))
                self.assertTrue(command, "which command writes there?")
                outside = self.path("outside")
                shutil.move(os.path.join(study, folder), outside)
                os.symlink(outside, os.path.join(study, folder))
                before = tree(outside)
                owned = os.path.exists(os.path.join(study, os.path.dirname(folder), "provenance.json")) or "/pictures" in folder
                if owned:  # a part of what one command writes: replaced as a whole, never written into
                    run(0, *command)
                    self.assertFalse(os.path.islink(os.path.join(study, folder)))
                    shutil.rmtree(os.path.join(study, folder), ignore_errors=True)
                else:
                    self.assertIn("link", run(0, *command, code=1))
                    os.remove(os.path.join(study, folder))
                self.assertEqual(tree(outside), before)
                shutil.move(outside, os.path.join(study, folder))

    def plant(self, study, victim):
        """A link at every name that the program may write a file under: to a file and to nothing, in turns."""
        planted = []
        for number, (path, content) in enumerate(sorted(tree(study).items())):
            if os.path.isdir(path) and os.path.exists(os.path.join(path, "provenance.json")):
                planted += [path + ".tmp", path + ".old"]
            if content is None or path.endswith(("run.log", "provenance.json")):
                continue
            for suffix in (".tmp", ".new", ".partial.new", ".part", ".tmp.locktest.0", ".tmp.locktest.1", ".partial.locktest.1"):
                planted.append(path + suffix)
            if not path.endswith((".h5", "manifest.json")):
                planted.append(path)
            else:  # finished artifacts may be read through links, and are replaced, not written
                shutil.move(path, f"{victim}-{number}")
                os.symlink(f"{victim}-{number}", path)
        for number, path in enumerate(planted):
            if os.path.lexists(path):
                os.remove(path)
            os.symlink(victim if number % 2 else victim + "-dangling", path)
        return planted

    def test_no_file_is_written_through_a_link_planted_under_its_name_or_a_temporary_one(self):
        for ranks in (0, 2):
            study = self.copy(f"study-{ranks}")
            os.makedirs(self.path(f"outside-{ranks}"))
            victim = self.path(f"outside-{ranks}", "victim")
            with open(victim, "w", encoding="utf-8") as file:
                file.write("precious")
            planted = self.plant(study, victim)
            before = tree(self.path(f"outside-{ranks}"))
            self.assertGreater(len(planted), 150)
            for name, command in stages(study, self.images, seed=2).items():
                run(ranks if name in ("features", "reductions", "clusterings", "evaluations") else 0, *command)
                self.assertEqual(tree(self.path(f"outside-{ranks}")), before, f"{name} wrote through a link")
            for name in ("images.h5", f"clusterings/{CLUSTERING}.h5", "report/index.html", f"tables/{CLUSTERING}-k2/assignments.csv", "study.h5"):
                self.assertTrue(os.path.isfile(os.path.join(study, name)) and not os.path.islink(os.path.join(study, name)), name)
            self.assertIn("are sound", run(0, "verify", "--study", study))

    def test_features_that_are_half_done_are_not_continued_through_a_link(self):
        study = self.copy()
        features = os.path.join(study, f"features/{FEATURES}.h5")
        victim = self.path("victim.h5")
        shutil.move(features, victim)
        with h5py.File(victim, "r+") as file:
            file["block_hash"][:] = 0
        before = read(victim)
        for place in (features + ".partial", features):
            os.symlink(victim, place)
            self.refused("extract", "--study", study, *RANDOM[:3], "random:1", says="is a link")
            self.assertEqual(read(victim), before)
            os.remove(place)

    def test_the_log_is_no_way_out_either(self):
        study = self.copy()
        os.remove(os.path.join(study, "run.log"))
        for target in (self.path("victim"), self.path("dangling")):
            with open(self.path("victim"), "w", encoding="utf-8") as file:
                file.write("precious")
            os.symlink(target, os.path.join(study, "run.log"))
            self.refused("report", "--study", study, says="run.log: is a link")
            os.remove(os.path.join(study, "run.log"))
        self.assertEqual(read(self.path("victim")), b"precious")
        self.assertFalse(os.path.exists(self.path("dangling")))

    def test_a_study_and_a_folder_that_the_person_names_may_lie_behind_links(self):
        self.copy("far away")
        os.makedirs(self.path("tables far away"))
        os.symlink(self.path("far away"), self.path("study"))
        os.symlink(self.path("tables far away"), self.path("to"))
        run(0, "report", "--study", self.path("study"))
        run(0, "export", "--study", self.path("study"), "--k", "2", "--to", self.path("to"))
        only(self.path("tables far away"), "assignments.csv")

    def test_names_of_artifacts_lead_nowhere(self):
        study = self.copy()
        before = tree(self.folder)
        with open(self.path("x.npy"), "wb") as file:
            np.save(file, np.ones((3, 2), np.float32))
        for name in ("/tmp/x", "..", ".hidden", "a/b"):
            self.refused("import", "--file", self.path("x.npy"), "--study", study, "--name", name, says="cannot name an artifact", code=2)
        for name in ("../x", "x\n\x1b"):
            for command in (("extract", *RANDOM), ("import", "--file", self.path("x.npy")), ("reduce",), ("cluster", "--k", "2"),
                            ("compare",), ("assign", "--k", "2", "--images", self.images)):
                self.refused(*command, "--study", study, "--name", name, says="cannot name an artifact", code=2)
            for option in ("features", "reduction", "clustering"):
                command = {"features": ("reduce",), "reduction": ("cluster", "--k", "2"), "clustering": ("report",)}[option]
                self.refused(*command, "--study", study, f"--{option}", name, says="called", code=2)
        with open(self.path("bad.ini"), "w", encoding="utf-8") as file:
            file.write(f"[study]\nstudy = {study}\n[reduce]\nname = ../../x\n")
        self.refused("run", self.path("bad.ini"), says="cannot name an artifact", code=2)
        os.remove(self.path("x.npy")), os.remove(self.path("bad.ini"))
        after = tree(self.folder)
        self.assertEqual(set(after), set(before))

    def test_pictures_are_put_into_their_folders_wherever_they_come_from(self):
        os.makedirs(self.path("list/a"))
        paths = []
        for number, path in enumerate(("a_b.png", "a/b.png", "../list/a/c.png", self.path("list/d.png"), "a/" + "long" * 60 + ".png")):
            file = os.path.join(self.path("list"), path)
            with open(file, "wb") as out:
                out.write(draw("discs", number))
            os.chmod(file, 0o4777)
            paths.append(path)
        with open(self.path("list/list.txt"), "w", encoding="utf-8") as file:
            file.write("\n".join(paths))
        study = self.path("study")
        run(0, "scan", "--study", study, "--images", self.path("list/list.txt"))
        run(0, "extract", "--study", study, *RANDOM)
        run(0, "reduce", "--study", study, "--components", "2")
        run(0, "cluster", "--study", study, "--k", "1", "--n-init", "1")
        outside = self.path("victim")
        os.makedirs(outside)
        for way in ("copies", "links"):
            to = self.path(f"to-{way}")
            run(0, "export", "--study", study, "--to", to, "--pictures", way)
            folder = os.path.join(to, f"{CLUSTERING}-k1/pictures/cluster_000")
            self.assertEqual(len(os.listdir(folder)), len(paths), os.listdir(folder))
            for name in os.listdir(folder):
                status = os.lstat(os.path.join(folder, name))
                self.assertEqual(stat.S_ISLNK(status.st_mode), way == "links")
                if way == "copies":
                    self.assertEqual(status.st_mode & 0o7111, 0)  # neither set-uid nor executable
            shutil.rmtree(folder)
            os.symlink(outside, folder)
            self.refused("export", "--study", study, "--to", to, "--pictures", way, says="was changed after coterie wrote it")
            run(0, "export", "--study", study, "--to", to, "--pictures", way, "--overwrite")
            self.assertEqual(os.listdir(outside), [])
            self.assertFalse(os.path.islink(folder))

    def test_a_link_is_no_proof_that_coterie_wrote_a_folder(self):
        study = self.copy()
        proof = os.path.join(study, f"tables/{CLUSTERING}-k2/provenance.json")
        shutil.move(proof, self.path("proof"))
        os.symlink(self.path("proof"), proof)
        self.refused("export", "--study", study, "--k", "2", "--overwrite", says="did not write")


class Permissions(Hostile):
    def test_results_are_for_whom_the_umask_says(self):
        for mask, ranks in ((0o077, 0), (0o022, 0), (0o027, 2)):
            study = self.path(f"study-{mask:o}")
            for name, command in stages(study, self.images).items():
                run(0 if name in ("comparisons", "montages", "report", "tables") else ranks, *command,
                    preexec_fn=lambda: os.umask(mask))
            for path in [study, *tree(study)]:
                mode = stat.S_IMODE(os.stat(path).st_mode)
                self.assertEqual(mode, (0o777 if os.path.isdir(path) else 0o666) & ~mask, f"{path} {mode:o}, umask {mask:o}")

    def test_no_temporary_file_is_left_or_may_be_read_by_others(self):
        scratch = self.path("scratch")
        os.makedirs(scratch)
        study = self.copy()
        seen = {}
        done = threading.Event()

        def watch():
            while not done.is_set():
                for folder in (scratch, "/dev/shm"):
                    for path in tree_names(folder):
                        try:
                            status = os.lstat(path)
                        except OSError:
                            continue
                        if status.st_uid == os.getuid():
                            seen[path] = stat.S_IMODE(status.st_mode)

        def tree_names(folder):
            return [os.path.join(at, name) for at, folders, files in os.walk(folder) for name in folders + files]

        before = set(tree_names("/dev/shm"))
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            own = {**environment(), "TMPDIR": scratch}
            arguments = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", "2", PROGRAM, "extract", "--study", study, *RANDOM,
                         "--name", "shared", "--share-weights", "yes"]
            subprocess.run(arguments, env=own, check=True, stdout=subprocess.DEVNULL, preexec_fn=lambda: os.umask(0))
            subprocess.run([PROGRAM, "report", "--study", study], env=own, check=True, stdout=subprocess.DEVNULL,
                           preexec_fn=lambda: os.umask(0))
        finally:
            done.set()
            watcher.join()
        ours = {path: mode for path, mode in seen.items() if path not in before and "coterie-test" not in path.split("/scratch")[-1]}
        self.assertTrue(any("coterie-gnuplot-" in path for path in ours), ours)
        self.assertTrue(any("ompi" in path or "/dev/shm" in path for path in ours), ours)
        tops = {path: mode for path, mode in ours.items() if os.path.dirname(path) in (scratch, "/dev/shm")}
        open_to_all = {path: oct(mode) for path, mode in tops.items() if mode & 0o077}
        self.assertEqual(open_to_all, {}, "others may read these")
        self.assertEqual([name for name in os.listdir(scratch) if "coterie" in name], [])


class NoNetwork(Hostile):
    def test_the_whole_study_is_made_where_there_is_no_network_at_all(self):
        alone = ["unshare", "--net"] if os.getuid() == 0 else ["unshare", "--net", "--map-root-user"]
        if subprocess.run([*alone, "true"], check=False, stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("this system lets nobody make a network namespace")
        for command in stages(self.path("study"), self.images).values():
            done = subprocess.run([*alone, PROGRAM, *command], env=environment(), check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            self.assertEqual(done.returncode, 0, done.stdout.decode(errors="replace"))
        self.assertEqual(read(os.path.join(self.path("study"), f"clusterings/{CLUSTERING}.h5")),
                         read(os.path.join(self.shared, f"study/clusterings/{CLUSTERING}.h5")))

    def test_a_process_on_its_own_listens_to_nobody(self):
        study = self.copy()
        shutil.rmtree(os.path.join(study, "features"))
        with subprocess.Popen([PROGRAM, "extract", "--study", study, *RANDOM, "--threads", "1"], env=environment(), stdout=subprocess.DEVNULL) as process:
            looked, found = 0, set()
            while process.poll() is None:
                looked += 1
                for number in os.listdir("/proc"):
                    if number.isdigit() and self.descends(number, process.pid):
                        found |= self.sockets(number)
            self.assertGreater(looked, 10)
            self.assertEqual(process.returncode, 0)
        self.assertEqual(found, set())

    @staticmethod
    def descends(number, ancestor):
        while number != "0":
            if int(number) == ancestor:
                return True
            try:
                number = read(f"/proc/{number}/stat").rsplit(b")", 1)[1].split()[1].decode()
            except OSError:
                return False
        return False

    @staticmethod
    def sockets(number):
        """The Internet sockets of a process, as lines of the kernel's tables."""
        try:
            own = {os.readlink(f"/proc/{number}/fd/{name}") for name in os.listdir(f"/proc/{number}/fd")}
            lines = b"".join(read(f"/proc/{number}/net/{table}") for table in ("tcp", "tcp6", "udp", "udp6")).decode().splitlines()
        except OSError:
            return set()
        return {line for line in lines if len(line.split()) > 9 and f"socket:[{line.split()[9]}]" in own}


if __name__ == "__main__":
    unittest.TestCase.maxDiff = 2000
    main()
