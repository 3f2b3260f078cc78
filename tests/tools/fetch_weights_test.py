"""Tests of tools/fetch_weights against a server on this machine: no network is needed."""
import contextlib
import hashlib
import http.server
import importlib.machinery
import importlib.util
import io
import os
import re
import tarfile
import tempfile
import threading
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CONTENT = bytes(range(256)) * 4000


def load_tool():
    loader = importlib.machinery.SourceFileLoader("fetch_weights", os.path.join(ROOT, "tools", "fetch_weights"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def make_archive():
    archive, stored = io.BytesIO(), tarfile.TarInfo("./net.pth")
    stored.size = len(CONTENT)
    with tarfile.open(fileobj=archive, mode="w:gz") as packed:
        packed.addfile(stored, io.BytesIO(CONTENT))
        packed.addfile(tarfile.TarInfo("./other.txt"), io.BytesIO())
    return archive.getvalue()


ARCHIVE = make_archive()


class Server(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT with byte ranges; /breaks cuts each answer after 300,000 bytes, /whole knows no ranges; ARCHIVE
    under /good.tgz, with one bit turned near its end under /bad.tgz."""
    ranges = []

    def do_GET(self):
        first, content = 0, CONTENT
        if self.path.endswith(".tgz"):
            content = bytearray(ARCHIVE)
            content[-6] ^= self.path == "/bad.tgz"
        asked = self.headers.get("Range")
        Server.ranges.append(asked)
        if asked and self.path != "/whole":
            first = int(asked[len("bytes="):-1])
        if self.path == "/absent":
            return self.send_error(404)
        if first >= len(content):
            return self.send_error(416)
        self.send_response(206 if first else 200)
        self.send_header("Content-Length", str(len(content) - first))
        self.end_headers()
        body = content[first:]
        self.wfile.write(body[:300000] if self.path == "/breaks" else body)

    def log_message(self, *_):
        pass


class FetchWeights(unittest.TestCase):
    def setUp(self):
        self.tool = load_tool()
        self.tool.time.sleep = lambda _: None
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.path = os.path.join(self.folder, "net.pth")
        Server.ranges = []

    def offer(self, *pages, checksum="sha256:" + hashlib.sha256(CONTENT).hexdigest(), size=len(CONTENT)):
        urls = ["http://127.0.0.1:%d/%s" % (self.server.server_address[1], page) for page in pages]
        self.tool.TABLE = [self.tool.Weights("net", "net.pth", size, urls, checksum)]

    def run_tool(self):
        """Returns (what was said, the exit code or message)."""
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            try:
                self.tool.main(["net", "--dest", self.folder])
            except SystemExit as stop:
                return said.getvalue(), stop.code
        return said.getvalue(), 0

    def content(self):
        with open(self.path, "rb") as file:
            return file.read()

    def test_a_file_arrives_and_is_not_fetched_twice(self):
        self.offer("good")
        self.assertEqual(self.run_tool()[1], 0)
        self.assertEqual(self.content(), CONTENT)
        self.assertEqual(os.listdir(self.folder), ["net.pth"])
        said, code = self.run_tool()
        self.assertEqual(code, 0)
        self.assertIn("up to date", said)
        self.assertEqual(len(Server.ranges), 1)

    def test_an_interrupted_download_goes_on_where_it_stopped(self):
        self.offer("good")
        with open(self.path + ".part", "wb") as file:
            file.write(CONTENT[:123456])
        self.assertEqual(self.run_tool()[1], 0)
        self.assertEqual(Server.ranges, ["bytes=123456-"])
        self.assertEqual(self.content(), CONTENT)

    def test_a_server_that_keeps_breaking_off_is_asked_again_and_the_next_run_continues(self):
        self.offer("breaks")
        message = self.run_tool()[1]
        self.assertIn("run me on the login node", message)
        self.assertEqual(os.path.getsize(self.path + ".part"), 900000)
        self.assertEqual(self.run_tool()[1], 0)
        self.assertEqual(self.content(), CONTENT)
        self.assertEqual(Server.ranges, [None, "bytes=300000-", "bytes=600000-", "bytes=900000-"])

    def test_out_of_an_archive_comes_the_file_alone(self):
        self.offer("good.tgz")
        self.assertEqual(self.run_tool()[1], 0)
        self.assertEqual(self.content(), CONTENT)
        self.assertEqual(os.listdir(self.folder), ["net.pth"])

    def test_a_damaged_archive_keeps_nothing(self):
        self.offer("bad.tgz", checksum=None)
        self.assertIn("cannot be unpacked", self.run_tool()[1])
        self.assertEqual(os.listdir(self.folder), [])

    def test_a_server_without_ranges_sends_the_whole_file_again(self):
        self.offer("whole")
        with open(self.path + ".part", "wb") as file:
            file.write(b"x" * 1000)
        self.assertEqual(self.run_tool()[1], 0)
        self.assertEqual(self.content(), CONTENT)

    def test_a_complete_part_left_behind_is_taken_over(self):
        self.offer("good")
        with open(self.path + ".part", "wb") as file:
            file.write(CONTENT)
        self.assertEqual(self.run_tool()[1], 0)
        self.assertEqual(self.content(), CONTENT)

    def test_a_wrong_checksum_keeps_nothing(self):
        for checksum in ("sha256:00000000", "md5:" + "0" * 32):
            self.offer("good", checksum=checksum)
            self.assertIn("Nothing was kept", self.run_tool()[1])
            self.assertEqual(os.listdir(self.folder), [])

    def test_a_wrong_size_keeps_nothing(self):
        self.offer("good", checksum=None, size=len(CONTENT) + 1)
        self.assertIn("Nothing was kept", self.run_tool()[1])
        self.assertEqual(os.listdir(self.folder), [])

    def test_a_damaged_file_of_the_users_is_named_and_left_alone(self):
        self.offer("good")
        with open(self.path, "wb") as file:
            file.write(CONTENT[:-1] + b"!")
        self.assertIn("left alone", self.run_tool()[1])
        self.assertTrue(os.path.exists(self.path))

    def test_the_second_address_serves_when_the_first_does_not(self):
        self.offer("absent", "good")
        said, code = self.run_tool()
        self.assertEqual(code, 0)
        self.assertIn("404", said)
        self.assertEqual(self.content(), CONTENT)

    def test_without_a_network_it_says_where_the_file_belongs(self):
        self.offer("good")
        self.tool.TABLE = [self.tool.TABLE[0]._replace(urls=["http://127.0.0.1:9/net.pth"])]
        message = self.run_tool()[1]
        self.assertIn(self.path, message)
        self.assertIn(hashlib.sha256(CONTENT).hexdigest(), message)

    def test_an_unknown_name_is_wrong_use(self):
        self.offer("good")
        with contextlib.redirect_stderr(io.StringIO()):
            with self.assertRaises(SystemExit) as stop:
                self.tool.main(["nett"])
        self.assertEqual(stop.exception.code, 2)

    def test_every_backbone_names_weights_that_are_offered(self):
        with open(os.path.join(ROOT, "src", "features", "backbone.cpp"), encoding="utf-8") as source:
            text = re.sub(r'"\s*\n\s*"', "", source.read())
        asked = set(re.findall(r"tools/fetch_weights (\w+)", text))
        self.assertGreater(len(asked), 15)
        self.assertEqual(asked, {weights.name for weights in load_tool().TABLE})

    def test_names_and_files_of_the_real_table_are_unique(self):
        table = load_tool().TABLE
        self.assertEqual(len({weights.name for weights in table}), len(table))
        self.assertEqual(len({weights.file for weights in table}), len(table))


if __name__ == "__main__":
    unittest.main()
