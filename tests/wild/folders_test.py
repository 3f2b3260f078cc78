"""Lists and folders as people have them: each that leads nowhere is refused with its cause and with what helps, which is then
tried; each file that is no image that coterie reads is named with the way out; whatever ends a command, the last line is
coterie's own and nothing half done stays."""

import csv
import os
import re
import resource
import shutil
import signal
import subprocess
import time
import unicodedata
import urllib.parse

from coterie_program import ProgramTest, command, draw, environment, main, ranks_of, run

NAMES = [f"{folder}/{name}.jpg" for folder in ("cats", "dogs") for name in ("IMG 1", "Zoë", "three")]


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())
    return path


class Lists(ProgramTest):
    """Six photographs in photos/, and lists of them in lists/ that name them in people's ways."""

    def setUp(self):
        super().setUp()
        for number, name in enumerate(NAMES):
            write(self.path("photos", unicodedata.normalize("NFC", name)), draw("discs", number))

    def scan(self, *arguments, code=0, **more):
        shutil.rmtree(self.path("study"), ignore_errors=True)
        return run(0, "scan", "--study", "study", *arguments, code=code, cwd=self.folder, **more)

    def listed(self, lines, name="list.txt", encoding="utf-8"):
        write(self.path("lists", name), ("\n".join(lines) + "\n").encode(encoding))
        return f"lists/{name}"

    def helped(self, lines, cause, name="list.txt", encoding="utf-8"):
        """Refused, with the first path that was tried, this cause, and the root, which finds all once the lines are mended."""
        text = self.scan("--images", self.listed(lines, name, encoding), code=2)
        self.assertRegex(text, rf"none of the 6 paths in lists/{name} leads to a file. The first, ")
        self.assertRegex(text, "was looked for at /.*[eE1]")
        self.assertIn(cause, text)
        self.assertIn(f"--root {self.folder}", text)
        self.assertFalse(os.path.exists(self.path("study", "images.h5")))
        return text

    def test_a_forgotten_root_is_found_and_helps(self):
        text = self.helped(NAMES, "start from")
        root = re.search(r"--root (\S+)", text).group(1)
        self.assertIn("6 images listed: 6 ok", self.scan("--images", "lists/list.txt", "--root", root))

    def test_other_ways_to_write_a_path_are_named(self):
        self.helped([name.replace("/", "\\") for name in NAMES], "replace each \\ by /")
        self.helped(["C:\\Users\\me\\" + name.replace("/", "\\") for name in NAMES], "remove Users/me/ from the start")
        self.helped([f'"{name}"' for name in NAMES], "remove the quotation marks")
        self.helped(["/home/somebody/photos/" + name for name in NAMES], "remove /home/somebody/")
        self.helped([os.path.splitext(name)[0] for name in NAMES], "add .jpg to each path")
        self.helped([name.upper().replace("Ë", "ë") for name in NAMES], "capital and small letters")
        self.helped(["file:///x/" + urllib.parse.quote(name) for name in NAMES], "codes such as %20")
        self.helped(["https://example.org/x/" + urllib.parse.quote(name) for name in NAMES], "remove https://example.org/x/ from the start")
        self.helped([f"{name}\t1" for name in NAMES], "keep the path alone in each line")
        text = self.scan("--images", self.listed(["image,where"] + [f"7{n},{name}" for n, name in enumerate(NAMES)], "table.csv"), code=2)
        self.assertIn(f"--path-column where --root {self.path('photos')}", text)
        self.assertIn("6 ok", self.scan("--images", "lists/table.csv", "--path-column", "where", "--root", "photos"))

    def test_accents_in_another_form_and_the_line_that_converts_them(self):
        lines = [unicodedata.normalize("NFD", "../photos/" + name) for name in NAMES if "Zo" in name]
        text = self.scan("--images", self.listed(lines), code=2)
        line = re.search(r"convert the list: (.* < OLD) > NEW", text).group(0).split(": ", 1)[1]
        subprocess.run(line.replace("OLD", "lists/list.txt").replace("NEW", "lists/new.txt"), shell=True, check=True, cwd=self.folder)
        self.assertIn("2 images listed: 2 ok", self.scan("--images", "lists/new.txt"))

    def test_lists_in_latin_1_and_utf_16_are_read(self):
        lines = ["../photos/" + name for name in NAMES if "Zo" in name]
        for encoding in ("latin-1", "utf-16"):
            self.assertIn("2 images listed: 2 ok", self.scan("--images", self.listed(lines, encoding=encoding)), encoding)

    def test_any_text_in_place_of_a_list_and_what_is_no_text(self):
        self.assertIn("coterie run", self.scan("--images", self.listed(["[study]", "study = s", "[scan]", "images = few"], "mine.ini"), code=2))
        self.assertIn("one path in each line", self.scan("--images", self.listed(["Dear reader,", "here are photographs."]), code=2))
        self.assertIn("download them first", self.scan("--images", self.listed(["https://example.org/1.jpg"]), code=2))
        self.assertIn("an image (PNG)", self.scan("--images", "photos/cats/three.jpg", code=2))
        write(self.path("photos.zip"), b"PK\x03\x04" + bytes(30))
        self.assertIn("unpack it first", self.scan("--images", "photos.zip", code=2))

    def test_where_some_are_missing_the_rest_is_taken_and_the_cause_told(self):
        lines = ["../photos/" + name for name in NAMES[:2]] + [("../photos/" + name).replace("/", "\\") for name in NAMES[2:]]
        text = self.scan("--images", self.listed(lines))
        self.assertIn("warning: 4 of the 6 paths in lists/list.txt do not lead to a file", text)
        self.assertIn("replace each \\ by /", text)
        self.assertRegex(text, r"6 images listed: 2 ok, 4 not found")
        self.assertRegex(text, r"4 not found \(there is no such file\): ")
        with open(self.path("study/tables/images/skipped.csv"), encoding="utf-8") as file:
            self.assertEqual([row["status"] for row in csv.DictReader(file)], ["not found"] * 4)

    def test_photographs_that_were_deleted_or_moved_after_the_scan(self):
        self.scan("--images", "photos")
        shutil.move(self.path("photos"), self.path("elsewhere"))
        text = run(0, "extract", "--study", "study", "--weights", "random:1", code=1, cwd=self.folder)
        self.assertRegex(text, r"photos/cats/IMG 1.jpg: there is no such file any more, and of 6 images looked for none is there")
        self.assertIn("say where the images lie now: coterie scan --study study --images PATH", text)
        self.assertEqual(os.listdir(self.path("study", "features")) if os.path.isdir(self.path("study", "features")) else [], [])
        run(0, "scan", "--study", "study", "--images", "elsewhere", cwd=self.folder)
        for name in NAMES[:4]:
            os.remove(self.path("elsewhere", name))
        text = run(0, "extract", "--study", "study", "--weights", "random:1", cwd=self.folder)
        self.assertRegex(text, r"4 not found \(.*\): cats/IMG 1.jpg, \.\.\.")
        self.assertIn("warning: features of 2 images, 4 failed since the scan", text)


class Folders(ProgramTest):
    def test_a_folder_without_an_image_says_what_is_there_and_the_way_out(self):
        for name in ("a/1.CR2", "a/2.cr2", "b/1.pdf", "notes.txt"):
            write(self.path("photos", name), b"x")
        text = run(0, "scan", "--study", "study", "--images", "photos", code=2, cwd=self.folder)
        self.assertRegex(text, r"photos holds no image by the names of its files: 2 .cr2 \(camera raw; develop it: .*1 .pdf \(PDF; .*1 .txt")
        self.assertFalse(os.path.exists(self.path("study")))

    def test_each_verdict_comes_with_its_reason_and_an_example(self):
        heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
        files = {f"a/{n}.heic": heic for n in range(1, 7)}
        files |= {"b/ok.png": draw("discs", 1), "b/page.jpg": b"<!DOCTYPE html><p>404", "b/drawing.png": b"<?xml version='1.0'?><svg/>",
                  "b/clip.jpg": b"\0\0\0\x18ftypisom", "b/raw.tif": b"II*\0\x10\0\0\0CR\x02\0", "b/lfs.jpg": b"version https://git-lfs",
                  "b/x.jp2": b"\0\0\0\x0cjP  \r\n\x87\n", "b/x.avif": b"\0\0\0\x1cftypavif", "c/film.mp4": b"\0\0\0\x18ftypisom"}
        for name, data in files.items():
            write(self.path("photos", name), data)
        text = run(2, "scan", "--study", "study", "--images", "photos", cwd=self.folder)
        self.assertRegex(text, r"6 unsupported \(HEIC is not decoded; convert it: heif-convert .*\): a/1.heic, \.\.\.")
        self.assertRegex(text, r"passed over 1 files .*: 1 .mp4 \(video; .*ffmpeg")
        with open(self.path("study/tables/images/skipped.csv"), encoding="utf-8") as file:
            reasons = {row["path"]: row["reason"] for row in csv.DictReader(file)}
        ways = {"b/page.jpg": "fetch the image again", "b/drawing.png": "rsvg-convert", "b/clip.jpg": "ffmpeg", "b/raw.tif": "darktable",
                "b/lfs.jpg": "git lfs pull", "b/x.jp2": "opj_decompress", "b/x.avif": "avifdec", "a/1.heic": "heif-convert"}
        for path, way in ways.items():
            self.assertIn(way, reasons[path])
        self.assertIn("heif-convert", run(0, "info", "--study", "study", cwd=self.folder))


class Changed(ProgramTest):
    def test_where_no_image_is_what_it_was_nothing_is_made_however_often_it_is_tried(self):
        for number in range(3):
            write(self.path("photos", f"{number}.png"), draw("discs", number))
        run(0, "scan", "--study", "study", "--images", "photos", cwd=self.folder)
        for number in range(3):
            write(self.path("photos", f"{number}.png"), draw("ramps", number))
        for _ in range(2):
            text = run(0, "extract", "--study", "study", "--weights", "random:1", code=1, cwd=self.folder)
            self.assertIn("no image is any more what the scan saw. List what there is: coterie scan --study study", text)
        self.assertEqual([name for name in os.listdir(self.path("study", "features")) if name.endswith(".h5")], [])


class Ends(ProgramTest):
    """Whatever ends a command: the message, the exit code, and that nothing half done stays."""

    def setUp(self):
        super().setUp()
        for n in range(40):
            write(self.path("photos", f"{n}.png"), draw("noise", n))

    def half_done(self):
        return [os.path.join(at, name) for at, folders, files in os.walk(self.path("study")) for name in folders + files
                if re.search(r"\.(tmp|new|next)(\.|$)", name) or name == "study.lock"]

    def test_an_error_on_several_ranks_ends_with_our_own_line(self):
        for ranks in (1, 2):
            text = run(ranks, "scan", "--study", "study", "--images", "nothing", code=1, cwd=self.folder)
            self.assertRegex(text.strip().splitlines()[-1], "^coterie: nothing: no such folder or list of images")
            self.assertNotIn("mpirun", text)

    def limited(self, ranks, *arguments):
        """Runs a command whose processes may not write files of more than 2,000 bytes from the moment that it has the study:
        Open MPI's own files, in shared memory, are larger. Its output."""
        started = subprocess.Popen(command(ranks, *arguments), cwd=self.folder, env=environment(), stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
        while not os.path.exists(self.path("study", "study.lock")):
            self.assertIsNone(started.poll())
            time.sleep(0.01)
        for process in ranks_of(started) if ranks else [started.pid]:
            resource.prlimit(process, resource.RLIMIT_FSIZE, (2000, 2000))
        text = started.communicate(timeout=100)[0].decode()
        self.assertEqual(started.returncode, 1, text)
        return text

    def test_a_limit_of_file_sizes_is_an_error_that_says_so(self):
        run(0, "scan", "--study", "study", "--images", "photos", cwd=self.folder)
        text = self.limited(0, "extract", "--study", "study", "--weights", "random:1")
        self.assertIn("ulimit -f", text.strip().splitlines()[-1])
        self.assertEqual(self.half_done(), [])
        run(0, "extract", "--study", "study", "--weights", "random:1", cwd=self.folder)
        text = self.limited(2, "cluster", "--study", "study", "--raw", "--k", "2-9", "--n-init", "500", "--threads", "1")
        self.assertIn("ulimit -f", text.strip().splitlines()[-1])
        self.assertEqual(self.half_done(), [])

    def test_signals_end_a_stage_with_75_and_a_message(self):
        run(0, "scan", "--study", "study", "--images", "photos", cwd=self.folder)
        run(0, "extract", "--study", "study", "--weights", "random:1", cwd=self.folder)
        slow = ("cluster", "--study", "study", "--raw", "--k", "2-39", "--n-init", "10000", "--threads", "1")
        for ranks, number in ((0, signal.SIGTERM), (0, signal.SIGINT), (0, signal.SIGHUP), (2, signal.SIGUSR1), (2, signal.SIGTERM)):
            started = subprocess.Popen(command(ranks, *slow), cwd=self.folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            while not os.path.exists(self.path("study", "study.lock")):
                self.assertIsNone(started.poll())
                time.sleep(0.02)
            time.sleep(0.5)
            if ranks and number == signal.SIGTERM:
                for rank in ranks_of(started):
                    os.kill(rank, number)
            else:
                started.send_signal(number)
            text = started.communicate(timeout=60)[0].decode()
            self.assertEqual(started.returncode, 75, text)
            self.assertIn(f"coterie: stopped by {number.name}. ", text.strip().splitlines()[-1])
            self.assertEqual(self.half_done(), [], number)


if __name__ == "__main__":
    main()
