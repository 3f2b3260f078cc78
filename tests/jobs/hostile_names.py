"""Names that are hostile: of files, folders and columns, and of a study."""

import csv
import os
import shutil
import subprocess
import threading
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.etree import ElementTree

import h5py

from coterie_program import draw, read, run
from hostile_study import CLUSTERING, RANDOM, Hostile, tree

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
