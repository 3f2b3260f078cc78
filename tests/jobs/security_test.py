"""What a hostile file, name or folder can make the program do: nothing. docs/security.md says what is promised."""

import csv
import os
import pickle
import shutil
import stat
import struct
import subprocess
import tempfile
import threading
import unittest
import zipfile
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.etree import ElementTree

import h5py
import numpy as np

from coterie_program import PROGRAM, SOURCE, ProgramTest, draw, environment, main, make_images, only, read, run

RANDOM = ("--backbone", "efficientnet_lite0", "--weights", "random:7")
FEATURES, CLUSTERING = "efficientnet_lite0", "efficientnet_lite0-pca-kmeans"


def stages(study, images, seed=1):
    """The commands that fill a study, by the folder that each writes to."""
    at = ("--study", study, "--overwrite")
    return {
        "": ("scan", *at, "--images", images, "--duplicates", "keep" if seed == 1 else "skip"),
        "features": ("extract", *at, *RANDOM[:3], f"random:{seed}"),
        "reductions": ("reduce", *at, "--components", "4" if seed == 1 else "5"),
        "clusterings": ("cluster", *at, "--k", "2,3", "--n-init", "2", "--seed", str(seed)),
        "evaluations": ("evaluate", *at, "--labels", "folder"),
        "selections": ("select", *at, "--bootstrap", "2", "--gap", "2"),
        "comparisons": ("compare", *at, "--labels", "folder"),
        "montages": ("montage", *at, "--k", "2"),
        "report": ("report", *at, "--rows", "1"),
        "viewer": ("view", *at),
        "tables": ("export", *at, "--k", "2", "--pictures", "copies", "--write-features"),
        "assignments": ("assign", *at, "--k", "2", "--images", os.path.join(images, "discs"), "--name", "later"),
    }


def tree(folder):
    """What lies below a folder: paths with their contents."""
    found = {}
    for at, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(at, name)
            found[path] = read(path) if os.path.isfile(path) else None
    return found


def setUpModule():
    """A finished study, made once, of which each case takes a copy."""
    Hostile.shared = tempfile.mkdtemp(prefix="coterie-security-")
    unittest.addModuleCleanup(shutil.rmtree, Hostile.shared, ignore_errors=True)
    Hostile.images = os.path.join(Hostile.shared, "images")
    make_images(Hostile.images, each=3)
    for command in stages(os.path.join(Hostile.shared, "study"), Hostile.images).values():
        run(0, *command)


class Hostile(ProgramTest):
    """What the cases share."""

    shared = images = ""

    def copy(self, name="study"):
        shutil.copytree(os.path.join(self.shared, "study"), self.path(name), symlinks=True)
        return self.path(name)

    def refused(self, *arguments, says, code=1, ranks=0):
        text = run(ranks, *arguments, code=code)
        self.assertIn(says, text)
        return text


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


SCRIPT = "document.title='owned';document.documentElement.setAttribute('owned','yes')"
PAYLOADS = (
    f"<script>{SCRIPT}</script>",
    f"\"><img src=x onerror=\"{SCRIPT}\">",
    f"' onmouseover='{SCRIPT}' x='",
    f"</style></title></svg><svg onload=\"{SCRIPT}\">",
    "]]><!--&#60;b&#62;{{7*7}}${7*7}",
    "javascript:" + SCRIPT,
    "<meta http-equiv=refresh content=\"0;url=http://127.0.0.1:PORT/refresh\">",
    "<link rel=stylesheet href=http://127.0.0.1:PORT/style><base href=http://127.0.0.1:PORT/>",
    "<img src=http://127.0.0.1:PORT/picture><iframe src=http://127.0.0.1:PORT/frame></iframe>",
    "`touch owned`$(touch owned)';system 'touch owned",
    "=cmd|'/c calc'!A1",
    "\x1b]0;owned\x07\x1b[2J\u202egnp",
)


class Elements(HTMLParser):
    """Every element and attribute of a page."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes = set(), []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes.extend((tag, name, value or "") for name, value in attrs)

    handle_startendtag = handle_starttag


class Listener:
    """A server on this machine that counts who asks."""

    def __enter__(self):
        self.asked = asked = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                self.send_response(404)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = str(self.server.server_port)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def browse(page, profile):
    """The page's elements after a browser has run whatever there is to run."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        raise AssertionError("a browser is needed: tools/install_packages --tests")
    arguments = [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
                 "--disable-component-update", f"--user-data-dir={profile}", "--virtual-time-budget=3000", "--dump-dom", f"file://{page}"]
    done = subprocess.run(arguments, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=120)
    return done.stdout.decode()


class Names(Hostile):
    """File names, folders, metadata and a study's own name, all hostile."""

    def make(self, port):
        payloads = [payload.replace("PORT", port) for payload in PAYLOADS]
        images = self.path("images")
        for number, payload in enumerate(payloads):
            name = os.path.join(images, payload + ".png")  # a slash makes folders: both are hostile
            os.makedirs(os.path.dirname(name), exist_ok=True)
            with open(name, "wb") as file:
                file.write(draw("discs", number))
        os.symlink("nowhere", os.path.join(images, "\x1b]0;dangling\x07\n2026-01-01 00:00:00  verify: all sound.png"))
        study = self.path("st<b onclick=x>\"'&udy")
        self.log = run(0, "scan", "--study", study, "--images", images, cwd=self.folder)
        paths = h5py.File(os.path.join(study, "images.h5"))["path"][:]
        self.columns = ["<i>k</i>\"'", "=1+1", "../../x", "a\nb", "n"]
        with open(self.path("list.csv"), "w", newline="", encoding="utf-8", errors="surrogateescape") as file:
            table = csv.writer(file)
            table.writerow(["path", *self.columns])
            for number, path in enumerate(paths):
                payload = payloads[number % len(payloads)]
                table.writerow([os.fsdecode(path), payload, payloads[number % 2], payload, payload, "-0.5"])
        at = ("--study", study)
        self.log += run(0, "scan", *at, "--images", self.path("list.csv"), "--root", images, "--overwrite", cwd=self.folder)
        labels = ("--labels", ",".join(self.columns[:4]))
        for command in (("extract", *RANDOM), ("reduce", "--components", "4"), ("cluster", "--k", "2,3", "--n-init", "2"),
                        ("evaluate", *labels), ("compare", *labels), ("montage",), ("report", "--title", payloads[0]),
                        ("export", "--k", "2"), ("info",), ("verify",)):
            self.log += run(0, command[0], *at, *command[1:], cwd=self.folder)
        return study, paths, payloads

    def check_page(self, page):
        found = Elements(page)
        self.assertLessEqual(found.tags & {"script", "iframe", "object", "embed", "base", "link", "form", "b", "i"}, {"b"})
        for tag, name, value in found.attributes:
            self.assertFalse(name.startswith("on"), (tag, name, value))
            if name in ("src", "href", "xlink:href", "action"):
                self.assertTrue(value.startswith(("data:image/", "#", "./", "pictures/")), (tag, name, value))

    def test_names_are_shown_and_nothing_that_they_say_happens(self):
        with Listener() as listener:
            study, paths, payloads = self.make(listener.port)
            self.assertEqual([path for path in tree(self.folder) if os.path.basename(path) == "owned"], [])
            page = os.path.join(study, "report/index.html")
            text = read(page).decode("utf-8")
            ElementTree.fromstring(text.split("\n", 1)[1])  # well-formed
            self.check_page(text)
            self.assertIn("&lt;script&gt;document.title", text)
            for path in tree(os.path.join(study, "figures")):
                if path.endswith(".svg"):
                    self.check_page(read(path).decode())
                    kinds = {element.tag.split("}")[-1] for element in ElementTree.parse(path).iter()}
                    self.assertFalse(kinds & {"script", "foreignObject", "a"}, kinds)
            # Without its policy the page must be as safe; the third page shows that the browser would do all of it.
            bare = text.replace("http-equiv=\"Content-Security-Policy\"", "name=\"none\"")
            self.assertNotEqual(bare, text)
            naked = "<!DOCTYPE html><html><body>" + payloads[8] + payloads[1] + "</body></html>"
            for number, content in enumerate((text, bare, naked)):
                with open(self.path(f"page{number}.html"), "w", encoding="utf-8") as file:
                    file.write(content)
                shown = browse(self.path(f"page{number}.html"), self.path("profile"))
                if number < 2:
                    self.check_page(shown)
                    self.assertNotIn("owned=\"yes\"", shown)
                    self.assertEqual(listener.asked, [])
                else:
                    self.assertIn("owned=\"yes\"", shown)
                    self.assertIn("/picture", listener.asked)
            self.check_tables(study, paths)
            self.check_words(study)

    def check_tables(self, study, paths):
        unlike = b"=+-@\t\r\n'"
        plain = [os.fsdecode(path) for path in paths]
        for exact in (False, True):
            run(0, "export", "--study", study, "--k", "2", *(("--exact",) if exact else ()))
            for name, dialect in (("assignments.csv", "excel"), ("assignments.tsv", "excel-tab")):
                with open(os.path.join(study, f"tables/{CLUSTERING}-k2", name), newline="", encoding="utf-8", errors="surrogateescape") as file:
                    rows = list(csv.reader(file, dialect))
                self.assertEqual(len(rows), len(plain) + 1)
                for row in rows[1:]:
                    self.assertEqual(float(row[-1]), -0.5)
                    self.assertGreaterEqual(float(row[2]), 0)
                undone = [[field[1:] if field.startswith("'") and not exact else field for field in row] for row in rows]
                self.assertEqual([row[0] for row in undone[1:]], plain)
                self.assertEqual([column for column in undone[0] if column in self.columns], self.columns)
        run(0, "export", "--study", study, "--k", "2")
        checked = 0
        for path in tree(os.path.join(study, "tables")):
            if not path.endswith((".csv", ".tsv")):
                continue
            with open(path, newline="", encoding="utf-8", errors="surrogateescape") as file:
                for row in csv.reader(file, "excel-tab" if path.endswith("tsv") else "excel"):
                    for field in row:
                        checked += 1
                        if field and field.lstrip(" ")[:1].encode("utf-8", "surrogateescape") in [bytes([c]) for c in unlike[:-1]]:
                            float(field)  # a number, or a formula got through
        self.assertGreater(checked, 200)

    def check_words(self, study):
        for text in (self.log, read(os.path.join(study, "run.log")).decode("utf-8", "surrogateescape")):
            strange = {character for character in text if (ord(character) < 32 and character != "\n") or 127 <= ord(character) < 160
                       or 0x202A <= ord(character) <= 0x202E or 0xDC80 <= ord(character) <= 0xDCFF}
            self.assertEqual(strange, set())
            self.assertIn("\\x1B]0;dangling", text)
            self.assertFalse([line for line in text.splitlines() if line.startswith("2026-01-01 00:00:00  verify")])


class Evil:
    """Unpickled by Python, it would make a file called owned."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


class Weights(Hostile):
    def refuse_weights(self, path):
        before = tree(self.folder)
        for command in (("weights", "check", path), ("weights", "convert", path, self.path("out.safetensors"))):
            text = run(0, *command, code=1, cwd=self.folder)
            self.assertIn(os.path.basename(path), text)
        study = os.path.join(self.shared, "study")
        run(0, "extract", "--study", study, *RANDOM[:3], path, "--name", "evil", code=1, cwd=self.folder)
        self.assertEqual(tree(self.folder), before)

    def test_a_pickle_runs_nothing(self):
        attacks = [Evil(os.system, "touch owned"), Evil(eval, "open('owned','w')"), Evil(exec, "open('owned','w')"),
                   Evil(subprocess.Popen, ["touch", "owned"]), Evil(getattr, "os", "system"), Evil(__import__, "os")]
        for protocol in (0, 2, 4):
            for number, attack in enumerate(attacks):
                for name, data in (("state", {"conv.weight": attack}), ("plain", attack)):
                    path = self.path(f"{name}-{protocol}-{number}.pth")
                    bytes_ = pickle.dumps(data, protocol)
                    legacy = b"".join(pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}))
                    with open(path, "wb") as file:
                        file.write(legacy + bytes_ if number % 2 else bytes_)
                    if number < 2 and name == "state":
                        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
                            archive.writestr("archive/data.pkl", bytes_)
                    run(0, "weights", "check", path, code=1, cwd=self.folder)
                    self.assertFalse(os.path.exists(self.path("owned")))
        with open(self.path("control.pkl"), "wb") as file:  # that these are attacks indeed
            file.write(pickle.dumps(attacks[0]))
        subprocess.run(["/usr/bin/python3", "-c", "import pickle; pickle.load(open('control.pkl', 'rb'))"], cwd=self.folder, check=True)
        self.assertTrue(os.path.exists(self.path("owned")))

    def test_an_archive_is_never_unpacked(self):
        path = self.path("climbing.pth")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("archive/data.pkl", pickle.dumps({}, 2))
            for name in ("../owned", "/tmp/coterie-owned", "archive/../../owned", "archive/data/../../owned"):
                archive.writestr(name, b"owned")
        before = tree(self.folder)
        self.assertIn("has no tensors", run(0, "weights", "check", path, code=1, cwd=self.folder))
        self.assertEqual(tree(self.folder), before)
        self.assertFalse(os.path.exists("/tmp/coterie-owned"))

    def test_safetensors_that_overlap_or_lie_are_refused(self):
        def write(header, data=b"\0" * 64):
            path = self.path("x.safetensors")
            with open(path, "wb") as file:
                file.write(struct.pack("<Q", len(header)) + header + data)
            return path

        entry = '"%s":{"dtype":"F32","shape":[%s],"data_offsets":[%s]}'
        for header in ("{" + entry % ("a", "16", "0,64") + "," + entry % ("b", "16", "0,64") + "}",
                       "{" + entry % ("a", "4611686018427387904", "0,64") + "}",
                       "{" + entry % ("a", "4294967296,4294967296", "0,0") + "}",
                       "{" + entry % ("a", "16", "0,18446744073709551615") + "}",
                       "{" + entry % ("a", "-16", "64,0") + "}",
                       "[" * 1_000_000):
            self.refuse_weights(write(header.encode()))
        with open(self.path("x.safetensors"), "wb") as file:
            file.write(struct.pack("<Q", 1 << 63) + b"{}")
        self.refuse_weights(self.path("x.safetensors"))


def lead_elsewhere(file, name, way, victim):
    """Puts a dataset there whose numbers lie in another file."""
    shape, kind = (4, 2), "<f4"
    if way == "external link":
        file[name] = h5py.ExternalLink(victim, "/secret")
    elif way == "soft link":
        file["way"] = h5py.ExternalLink(victim, "/")
        file[name] = h5py.SoftLink("/way/secret")
    elif way == "external storage":
        file.create_dataset(name, shape, kind, external=[(victim + ".raw", 0, h5py.h5f.UNLIMITED)])
    elif way == "virtual":
        layout = h5py.VirtualLayout(shape, kind)
        layout[:] = h5py.VirtualSource(victim, "secret", shape, kind)
        file.create_virtual_dataset(name, layout)
    else:
        raise ValueError(way)


WAYS = ("external link", "soft link", "external storage", "virtual")


class Hdf5(Hostile):
    def setUp(self):
        super().setUp()
        self.victim = self.path("victim.h5")
        with h5py.File(self.victim, "w") as file:
            file["secret"] = np.arange(8, dtype="<f4").reshape(4, 2)
        with open(self.victim + ".raw", "wb") as file:
            file.write(np.arange(8, dtype="<f4").tobytes())
        self.before = read(self.victim), read(self.victim + ".raw")

    def untouched(self):
        self.assertEqual((read(self.victim), read(self.victim + ".raw")), self.before)

    def test_features_are_imported_from_the_named_file_alone(self):
        for way in WAYS:
            path = self.path("foreign.h5")
            with h5py.File(path, "w") as file:
                lead_elsewhere(file, "features", way, self.victim)
            with h5py.File(path) as file:
                self.assertEqual(float(file["features"][3, 1]), 7, "h5py itself would follow")
            self.refused("import", "--study", self.path("study"), "--file", path, says="foreign.h5: ")
            self.untouched()

    def test_a_dataset_that_claims_more_than_it_holds_takes_no_memory(self):
        with h5py.File(self.path("foreign.h5"), "w") as file:
            file.create_dataset("features", (1 << 40, 1 << 10), "<f4", chunks=(1, 1024))
        self.refused("import", "--study", self.path("study"), "--file", self.path("foreign.h5"), says="damaged")

    def test_weights_are_read_from_the_named_file_alone(self):
        for way in WAYS:
            path = self.path("model.h5")
            with h5py.File(path, "w") as file:
                file.attrs["layer_names"] = [b"conv"]
                group = file.create_group("conv")
                group.attrs["weight_names"] = [b"kernel:0"]
                lead_elsewhere(file, "conv/kernel:0", way, self.victim)
            self.refused("weights", "check", path, says="model.h5: ")
            with h5py.File(path, "w") as file:
                file.attrs["layer_names"] = [b"conv"]
                file["conv"] = h5py.ExternalLink(self.victim, "/")
            self.refused("weights", "check", path, says="model.h5: ")
            self.untouched()

    def test_an_artifact_that_leads_elsewhere_is_neither_read_nor_written_there(self):
        for way in WAYS:
            with self.subTest(way=way):
                study = self.copy(way)
                path = os.path.join(study, f"clusterings/{CLUSTERING}.h5")
                with h5py.File(path, "r+") as file:
                    kept = dict(file["k=2/labels"].attrs)
                    del file["k=2/labels"]
                    lead_elsewhere(file, "k=2/labels", way, self.victim)
                    if way in ("external storage", "virtual"):
                        file["k=2/labels"].attrs.update(kept)
                for command in (("report",), ("export", "--k", "2"), ("montage", "--k", "2"), ("evaluate", "--overwrite", "--labels", "folder"), ("verify",)):
                    self.refused(command[0], "--study", study, *command[1:], says=f"{CLUSTERING}.h5")
                self.untouched()

    def test_half_done_features_are_written_into_their_own_file_alone(self):
        for way in ("external storage", "virtual", "external link"):
            study = self.copy(way)
            features = os.path.join(study, f"features/{FEATURES}.h5")
            os.rename(features, features + ".partial")
            with h5py.File(features + ".partial", "r+") as file:
                shape, kept = file["features"].shape, dict(file["features"].attrs)
                del file["features"]
                if way == "external storage":
                    dataset = file.create_dataset("features", shape, "<f4", external=[(self.victim + ".raw", 0, h5py.h5f.UNLIMITED)])
                    dataset.attrs.update(kept)
                else:
                    lead_elsewhere(file, "features", way, self.victim)
                file["block_hash"][:] = 0
            self.refused("extract", "--study", study, *RANDOM[:3], "random:1", says=f"{FEATURES}.h5.partial")
            self.untouched()


class Texts(Hostile):
    def test_texts_without_end_are_refused_before_they_fill_the_memory(self):
        def limited():
            import resource
            resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))

        study = self.path("study")
        with open(self.path("wide.csv"), "wb") as file:
            file.write(b"path,x\n")
            for _ in range(70):
                file.write(b"a" * (1 << 20))
        with open(self.path("wide.txt"), "wb") as file:
            file.write(b"a.png\n" + b"b" * 100_000 + b"\n")
        with open(self.path("nul.txt"), "wb") as file:
            file.write(b"a.png\0b.png\n")
        with open(self.path("large.ini"), "wb") as file:
            file.write(b"#" * (2 << 20))
        for arguments, says, code in (
                (("scan", "--study", study, "--images", self.path("wide.csv")), "line 2: a line of more than 64 MiB", 1),
                (("scan", "--study", study, "--images", self.path("wide.txt")), "line 2: more than 65536 bytes", 1),
                (("scan", "--study", study, "--images", self.path("nul.txt")), "holds no image", 2),
                (("import", "--study", study, "--file", self.path("wide.csv")), "line 2: a line of more than 64 MiB", 1),
                (("run", self.path("large.ini")), "more than 1 MiB", 2),
                (("run", "/dev/zero"), "more than 1 MiB", 2)):
            self.assertIn(says, run(0, *arguments, code=code, preexec_fn=limited))

    def test_nothing_that_a_person_writes_reaches_a_shell(self):
        study = self.path("$(touch owned)`touch owned`;touch owned")
        images = self.path("';touch owned;'")
        shutil.copytree(self.images, images)
        with open(self.path("study.ini"), "w", encoding="utf-8") as file:
            file.write(f"[study]\nstudy = {study}\n[scan]\nimages = {images}\n[extract]\nbackbone = efficientnet_lite0\nweights = random:1\n"
                       "[reduce]\ncomponents = 4\n[cluster]\nk = 2\nn-init = 1\n[select]\nbootstrap = 2\ngap = 2\n"
                       "[report]\ntitle = $(touch owned) `touch owned` ; touch owned | touch owned\n")
        run(0, "run", self.path("study.ini"), cwd=self.folder)
        self.assertTrue(os.path.exists(os.path.join(study, "report/index.html")))
        self.assertEqual([path for path in tree(self.folder) if os.path.basename(path) == "owned"], [])


if __name__ == "__main__":
    unittest.TestCase.maxDiff = 2000
    main()
