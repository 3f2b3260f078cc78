"""Topic pages of the report, of a study with topics alone and of one with clusters beside."""

import base64
import os
import re
import shutil
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

from coterie_program import main, png, read, run

KINDS = ("checks", "rings", "bars")


def draw(kind, seed):
    """160 px of a pattern with corners, shifted and scaled by the seed."""
    step, at = 10 + seed % 4, 3 * seed

    def pixel(x, y):
        if kind == "checks":
            dark = ((x + at) // step + (y + at) // step) % 2
        elif kind == "rings":
            dark = int(((x - 80 + seed) ** 2 + (y - 80) ** 2) ** 0.5) // step % 2
        else:
            dark = (x + at) // step % 2 and (y // (4 * step)) % 2
        return (40, 60, 90) if dark else (230, 220, 200)

    return png(160, 160, pixel)


class TopicPages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        cls.study = os.path.join(cls.folder, "study")
        for kind in KINDS:
            os.makedirs(os.path.join(cls.folder, "pictures", kind))
            for seed in range(6):
                with open(os.path.join(cls.folder, "pictures", kind, f"{kind} {seed}.png"), "wb") as file:
                    file.write(draw(kind, seed))
        at = ("--study", cls.study)
        run(0, "scan", *at, "--images", os.path.join(cls.folder, "pictures"))
        run(0, "words", *at, "--max-keypoints", "60")
        run(0, "codebook", *at, "--words", "12", "--seed", "1")
        run(0, "topics", *at, "--topics", "2,3", "--held-out", "0.2", "--more-seeds", "0", "--max-iter", "20", "--seed", "1", "--labels", "folder")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def page(self, name):
        return read(os.path.join(self.study, "report", name)).decode()

    def check_page(self, topics):
        """Well-formed, with each topic, pictures that are JPEGs, and links that lead to files."""
        page = self.page(f"topics-{topics}.html")
        ElementTree.fromstring(page)
        self.assertNotIn("<script", page)
        for topic in range(topics):
            self.assertIn(f'id="topic{topic}"', page)
        self.assertNotIn(f'id="topic{topics}"', page)
        pictures = re.findall(r'(?:src|href)="data:image/jpeg;base64,([^"]*)"', page)
        self.assertGreaterEqual(len(pictures), topics * (8 + 8 + 8))
        for picture in pictures:
            self.assertTrue(base64.b64decode(picture).startswith(b"\xff\xd8"))
        self.assertIn('alt="patches of word ', page)
        self.assertRegex(page, r"<circle [^>]*><title>word \d+, topic \d")
        for kind in KINDS:
            self.assertIn(f'<th scope="row"><bdi>{kind}</bdi></th>', page)
        links = re.findall(r'href="\./([^"]*)"', page)
        self.assertTrue(any(link.endswith(f"topics-{topics}.csv") for link in links))
        for link in links:
            self.assertTrue(os.path.exists(os.path.join(self.study, "report", link.replace("%20", " "))), link)

    def test_pages_stand_without_clusters_and_beside_them_and_of_the_numbers_that_are_asked_for(self):
        at = ("--study", self.study)
        said = run(0, "report", *at)
        self.assertIn("reads topics/", said)
        index = self.page("index.html")
        ElementTree.fromstring(index)
        self.assertIn("complete held-out documents best", index)
        shown = re.findall(r'href="\./(topics-\d\.html)"', index)
        self.assertEqual(len(shown), 1)
        self.check_page(int(shown[0][7]))

        run(0, "cluster", *at, "--raw", "--k", "2", "--seed", "1")
        run(0, "report", *at, "--topics", "2,3")
        index = self.page("index.html")
        ElementTree.fromstring(index)
        self.assertIn('<section id="clusters">', index)
        self.assertEqual(re.findall(r'href="\./(topics-\d\.html)"', index), ["topics-2.html", "topics-3.html"])
        self.check_page(2)
        self.check_page(3)
        self.assertIn("only with 2, 3", run(0, "report", *at, "--topics", "4", code=2))
        run(0, "import", *at, "--file", self.counts(), "--name", "counts")
        run(0, "topics", *at, "--features", "counts", "--name", "elsewhere", "--topics", "2", "--max-iter", "10", "--seed", "1")
        run(0, "report", *at, "--topic-model", "elsewhere")
        page = self.page("topics-2.html")
        ElementTree.fromstring(page)
        self.assertIn("so they are numbers", page)
        self.assertNotIn("<img ", page)

    def counts(self):
        path = os.path.join(self.folder, "counts.csv")
        with open(path, "w", encoding="utf-8") as file:
            file.write("path,a,b,c,d\n")
            for i in range(8):
                file.write(f"text {i},{5 * (i % 2)},{4 * (i % 2)},{3 - 3 * (i % 2)},{i}\n")
        return path


if __name__ == "__main__":
    main()
