"""Tables as pandas, R, Excel and archivists write them, each with its right answer: what is read, or why it is refused."""

import csv
import io
import os
import struct
import tarfile
import unittest

from coterie_program import ProgramTest, draw, main, only, read, run

try:
    import h5py
except ImportError:
    h5py = None

RANDOM = ("--backbone", "efficientnet_lite0", "--weights", "random:7")
ROWS = [[0.5, 6.1, -2.0], [1.5, 2.25, 3.0], [0.25, -1.0, 8.0]]

# What wrote it, its bytes, options; then names, features, columns of metadata with their values.
IMPORTS = {
    "pandas, to_csv(index=True), columns without names": (
        b",0,1,2\n0,0.5,6.1,-2.0\n1,1.5,2.25,3.0\n2,0.25,-1.0,8.0\n", (), ["0", "1", "2"], ROWS, {}),
    "pandas, a column of names set as index": (
        b"filename,0,1,2\na.jpg,0.5,6.1,-2.0\nb.jpg,1.5,2.25,3.0\nc.jpg,0.25,-1.0,8.0\n", (), ["a.jpg", "b.jpg", "c.jpg"], ROWS, {}),
    "pandas, index, path, label and id beside the features": (
        b",path,label,artist_id,f0,f1,f2\n0,x/a.jpg,2,17,0.5,6.1,-2\n1,x/b.jpg,0,4,1.5,2.25,3\n2,c.jpg,,4,0.25,-1,8\n", (),
        ["x/a.jpg", "x/b.jpg", "c.jpg"], ROWS, {"label": ["2", "0", ""], "artist_id": ["17", "4", "4"]}),
    "R, write.csv: quoted names of rows and strings, NA": (
        b'"","image","kind","V1","V2","V3"\n"1","a.jpg","x",0.5,6.1,-2\n"2","b.jpg",NA,1.5,2.25,3\n"3","c.jpg","y",0.25,-1,8\n', (),
        ["a.jpg", "b.jpg", "c.jpg"], ROWS, {"kind": ["x", "NA", "y"]}),
    "R, write.table: no name above the names of rows": (
        b'"V1"\t"V2"\t"V3"\n"a.jpg"\t0.5\t6.1\t-2\n"b.jpg"\t1.5\t2.25\t3\n"c.jpg"\t0.25\t-1\t8\n', (),
        ["a.jpg", "b.jpg", "c.jpg"], ROWS, {}),
    "Excel in Germany: mark, semicolons, decimal commas, CRLF, empty columns and rows": (
        "\ufeffDateiname;Titel;x1;x2;x3;;\r\na.jpg;Müller;0,5;+6,1;-2;;\r\nb.jpg;;1,5;2,25;3;;\r\nc.jpg;x;0,25;-1;8;;\r\n;;;;;;\r\n".encode(),
        ("--name-column", "Dateiname"), ["a.jpg", "b.jpg", "c.jpg"], ROWS, {"Titel": ["Müller", "", "x"]}),
    "Excel, CP1252": (
        "Image;Titel;x1;x2;x3\r\nMüller.jpg;“so”;0,5;6,1;-2\r\nb.jpg;€;1,5;2,25;3\r\nc.jpg;x;0,25;-1;8\r\n".encode("cp1252"), (),
        ["Müller.jpg", "b.jpg", "c.jpg"], ROWS, {"Titel": ["“so”", "€", "x"]}),
    "Excel, Unicode text": (
        "File Name\tx1\tx2\tx3\r\nä.jpg\t0,5\t6,1\t-2\r\nb.jpg\t1,5\t2,25\t3\r\nc.jpg\t0,25\t-1\t8\r\n".encode("utf-16"), (),
        ["ä.jpg", "b.jpg", "c.jpg"], ROWS, {}),
    "by hand: blanks after commas, +": (
        b"path, kind, x, y, z\na.jpg, one, 0.5, +6.1, -2.0\nb.jpg, two, 1.5, 2.25, 3.0\nc.jpg, \"a, b\", .25, -1, 8\n", (),
        ["a.jpg", "b.jpg", "c.jpg"], ROWS, {"kind": ["one", "two", "a, b"]}),
    "numpy.savetxt: no header": (
        b"0.5,6.1,-2\n1.5,2.25,3\n0.25,-1,8\n", (), ["0", "1", "2"], ROWS, {}),
    "no header, names first": (
        b"a.jpg,0.5,6.1,-2\nb.jpg,1.5,2.25,3.5\nc.jpg,0.25,-1,8\n", (), ["a.jpg", "b.jpg", "c.jpg"],
        [[0.5, 6.1, -2.0], [1.5, 2.25, 3.5], [0.25, -1.0, 8.0]], {}),
    "an archive's ids, without suffix, and its own folder": (
        b"identifier,folder,x,y,z\nNL-001,box 1,0.5,6.1,-2.5\nNL-002,box 1,1.5,2.25,3\nNL-003,box 2,0.25,-1,8\n", (),
        ["NL-001", "NL-002", "NL-003"], [[0.5, 6.1, -2.5], *ROWS[1:]], {"folder": ["box 1", "box 1", "box 2"]}),
    "whole numbers that a person calls features": (
        b"path,edges,contrast,age\na,17,0.5,3\nb,4,0.25,5\n", ("--feature-columns", "edges,contrast"), ["a", "b"],
        [[17, 0.5], [4, 0.25]], {"age": ["3", "5"]}),
}

REFUSED = {
    "an empty cell among features": (b"path,f0,f1,f2\na,1,2,3\nb,4,,6\n", (), "line 3, column f1: there is no value"),
    "whole numbers beside others": (b"path,edges,contrast\na,17,0.5\nb,4,0.25\n", (), "--feature-columns"),
    "a first line that may be data": (b"path,3,7,9\na,1,2,3\n", (), "--header yes or --header no"),
    "two columns of names": (b"title,place,x\na,c,0.5\nb,d,0.25\n", (), "--name-column"),
    "a division by zero": (b"path,f0,f1,f2\na,1,2,3\nb,4,#DIV/0!,6\n", (), '"#DIV/0!" is no number'),
}


def text_of(values):
    return [value.decode() if isinstance(value, bytes) else value for value in values]


@unittest.skipIf(h5py is None, "python3-h5py is not installed")
class Imports(ProgramTest):
    def imported(self, content, options=(), suffix=".csv", code=0):
        path = self.path("table" + suffix)
        with open(path, "wb") as file:
            file.write(content)
        return run(0, "import", "--study", self.path("study"), "--file", path, "--name", "x", "--overwrite", *options, code=code)

    def content(self):
        with h5py.File(self.path("study/features/x.h5")) as file:
            columns = {name: text_of(file["metadata"][str(number)][:]) for number, name in enumerate(text_of(file["columns"][:]))}
            return text_of(file["path"][:]), file["features"][:].tolist(), columns

    def test_each_table_gives_its_names_features_and_labels(self):
        for source, (content, options, names, rows, columns) in IMPORTS.items():
            with self.subTest(source):
                said = self.imported(content, options)
                self.assertIn("features: ", said)
                found = self.content()
                self.assertEqual(found[0], names)
                self.assertEqual(len(found[1]), len(rows))
                for one, other in zip(found[1], rows):
                    self.assertEqual(one, [struct.unpack("f", struct.pack("f", value))[0] for value in other])
                columns = {"folder": [name.split("/")[0] if "/" in name else "" for name in names], **columns}
                self.assertEqual(found[2], columns)

    def test_what_is_in_doubt_is_refused_with_the_option_that_helps(self):
        for source, (content, options, says) in REFUSED.items():
            with self.subTest(source):
                self.assertIn(says, self.imported(content, options, code=2))

    def test_float16_and_names_with_a_mark(self):
        header = b"{'descr': '<f2', 'fortran_order': False, 'shape': (2, 3), }"
        header += b" " * (-(len(header) + 11) % 64) + b"\n"
        with open(self.path("names.txt"), "wb") as file:
            file.write("\ufeffa.jpg\r\nb.jpg\r\n".encode())
        self.imported(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + struct.pack("<6e", 0.5, 1.5, -2, 3, 4, 0.099976),
                      ("--names", self.path("names.txt")), ".npy")
        self.assertEqual(self.content()[:2], (["a.jpg", "b.jpg"], [[0.5, 1.5, -2], [3, 4, struct.unpack("<e", struct.pack("<e", 0.099976))[0]]]))


class Collections(ProgramTest):
    def pictures(self, *names):
        for number, name in enumerate(names):
            os.makedirs(os.path.dirname(self.path("photos", name)), exist_ok=True)
            with open(self.path("photos", name), "wb") as file:
                file.write(draw(("stripes", "noise")[number % 2], number))

    def study(self, source, *options, labels="kind", k="2"):
        at = ("--study", self.path("study"))
        run(0, "scan", *at, "--images", source, *options)
        run(0, "extract", *at, *RANDOM)
        run(0, "cluster", *at, "--raw", "--features", "efficientnet_lite0", "--k", k, "--name", "c")
        return run(0, "evaluate", *at, "--labels", labels)

    def test_images_without_a_value_are_no_class_and_our_own_table_is_read_again(self):
        names = [f"{i}.png" for i in range(8)]
        self.pictures(*names)
        at = ("--study", self.path("study"))
        with open(self.path("list.csv"), "w", encoding="utf-8") as file:
            file.write("path,kind,label,distance\n" + "".join(f"{name},{i % 2},l{i},{i}\n" for i, name in enumerate(names)))
        self.study(self.path("list.csv"), "--root", self.path("photos"))
        run(0, "export", *at)
        with open(only(self.path("study/tables"), "assignments.csv"), newline="", encoding="utf-8") as file:
            text = file.read()
        table = list(csv.DictReader(io.StringIO(text)))
        self.assertEqual(text.splitlines()[0], "path,label,distance,folder,kind,label_2,distance_2")
        self.assertEqual([row["label_2"] for row in table], [f"l{i}" for i in range(8)])

        own = only(self.path("study/tables"), "assignments.csv")
        run(0, "scan", "--study", self.path("again"), "--images", own, "--root", self.path("photos"))

        # Some labels of the clusters themselves are all that is known: they agree with the clusters, whatever the rest is.
        for missing in ("", "NA"):
            with open(self.path("some.csv"), "w", encoding="utf-8") as file:
                file.write("Filename;kind\n" + "".join(f"{row['path']};{row['label'] if i < 5 else missing}\n" for i, row in enumerate(table)))
            run(0, "scan", *at, "--images", self.path("some.csv"), "--root", self.path("photos"), "--overwrite")
            said = run(0, "evaluate", *at, "--labels", "kind", "--overwrite")
            self.assertIn("kind: 3 of 8 images have no value", said)
            self.assertIn("agreement with kind (ARI) 1.000", said)
        self.assertIn("c:2: ARI 1.000", run(0, "compare", *at, "--labels", "kind"))

    def test_names_that_say_nothing_and_second_folders(self):
        self.pictures("a/x/1.jpg_orig", "a/y/2", "b/x/3.png", "b/y/4.jpg_orig")
        with open(self.path("photos/a/notes"), "wb") as file:
            file.write(b"no picture")
        os.makedirs(self.path("tars"))
        with tarfile.open(self.path("photos/s.tar"), "w") as tar:
            for name in ("c/x/p.v1.jpg_orig", "c/y/q.png"):
                tar.add(self.path("photos/b/x/3.png"), arcname=name)
            info = tarfile.TarInfo("c/x/p.v1.txt")
            info.size = 4
            tar.addfile(info, io.BytesIO(b"dots"))
        said = run(0, "scan", "--study", self.path("s"), "--images", self.path("photos"))
        self.assertIn("--by-content looks into them", said)
        said = self.study(self.path("photos"), "--by-content", labels="folder:2,folder")
        self.assertIn("agreement with folder:2 (ARI)", said)
        run(0, "export", "--study", self.path("study"))
        with open(only(self.path("study/tables"), "assignments.csv"), newline="", encoding="utf-8") as file:
            rows = {row["path"]: row for row in csv.DictReader(file)}
        self.assertEqual(set(rows), {"a/x/1.jpg_orig", "a/y/2", "b/x/3.png", "b/y/4.jpg_orig", "s.tar/c/x/p.v1.jpg_orig", "s.tar/c/y/q.png"})
        self.assertEqual(rows["s.tar/c/x/p.v1.jpg_orig"]["txt"], "dots")
        with open(self.path("list.txt"), "w", encoding="utf-8") as file:
            file.write("a/x/1.jpg_orig\na/y/2\n")
        self.assertIn("2 ok", run(0, "scan", "--study", self.path("l"), "--images", self.path("list.txt"), "--root", self.path("photos")))


class StudyFiles(ProgramTest):
    def test_a_mistake_in_a_later_stage_is_found_before_the_first_runs(self):
        os.makedirs(self.path("photos"))
        with open(self.path("photos/a.png"), "wb") as file:
            file.write(draw("noise", 1))
        with open(self.path("list.csv"), "w", encoding="utf-8") as file:
            file.write("path,kind\na.png,x\n")
        begin = f"[study]\nstudy = {self.path('study')}\n[scan]\nimages = {self.path('list.csv')}\nroot = {self.path('photos')}\n"
        extract = "[extract]\nbackbone = efficientnet_lite0\nweights = random:1\n"
        for rest, says in (
                ("[extract]\nbackbone = efficientnet_lite9\n", "did you mean"),
                ("[extract]\nbackbone = efficientnet_lite0\nweights = gone.pth\n", "gone.pth is not there"),
                ("[extract]\nbackbone = efficientnet_lite0\nweights = random:1\npreprocess = filter=cubist\n", "cubist"),
                (extract + "[cluster]\nraw = true\nreduction = r\n", "[cluster]: --raw takes the features as they are"),
                (extract + "[cluster]\nk = many\n", "[cluster]"),
                (extract + "[cluster]\nk = 2\nk = 3\n", "gives k twice"),
                (extract + "[cluster]\nk = 2\nalgorithm = ward\nn-init = 3\n", "[cluster]: --n-init means nothing"),
                (extract + "[cluster]\nk = 2\nname = a/b\n", "[cluster]"),
                (extract + "[cluster]\nk = 2\n[evaluate]\nlabels = knd\n", '[evaluate], labels: the images carry no column "knd"'),
                (extract + "[cluster]\nk = 2\n[compare]\nclusterings = c:x\n", "[compare]")):
            with self.subTest(rest):
                with open(self.path("study.ini"), "w", encoding="utf-8") as file:
                    file.write(begin + rest)
                self.assertIn(says, run(0, "run", self.path("study.ini"), code=2))
                self.assertFalse(os.path.exists(self.path("study/images.h5")))


if __name__ == "__main__":
    main()
