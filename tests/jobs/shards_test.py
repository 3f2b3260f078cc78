"""Collections in tar shards: listed as Python's tarfile reads them, and with the very features of the unpacked folder."""

import csv
import gzip
import io
import json
import os
import random
import tarfile
import unittest

try:
    import h5py
except ImportError:
    h5py = None

from coterie_program import ProgramTest, draw, exported, main, make_images, only, read, run

EXTRACT = ("--backbone", "efficientnet_lite0", "--weights", "random:7", "--threads", "1")
FEATURES = "features/efficientnet_lite0.h5"
FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}


def add(tar, name, data, **fields):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for field, value in fields.items():
        setattr(info, field, value)
    tar.addfile(info, io.BytesIO(data) if data else None)


def rows_of(path):
    with open(path, newline="", encoding="utf-8", errors="surrogateescape") as file:
        return list(csv.DictReader(file))


class Shards(ProgramTest):
    def features(self, name, images, ranks, *more):
        """Scans, extracts and exports; the rows of assignments.csv, the features' bytes."""
        study = self.path(name)
        run(ranks, "scan", "--study", study, "--images", images)
        run(ranks, "extract", "--study", study, *EXTRACT)
        run(0, "cluster", "--study", study, "--raw", "--k", "2", "--n-init", "1")
        run(0, "export", "--study", study, "--write-features", *more)
        return rows_of(only(study, "assignments.csv")), read(only(study, "features.npy"))

    def test_features_are_those_of_the_unpacked_folder_on_any_number_of_ranks(self):
        make_images(self.path("tree"), each=9)
        plain, wanted = self.features("plain", self.path("tree"), 2)
        os.makedirs(self.path("shards"))
        names = sorted(os.path.relpath(os.path.join(folder, name), self.path("tree"))
                       for folder, _, files in os.walk(self.path("tree")) for name in files)
        # Each class is one shard, so that the natural order of the paths is the same; packed in another order.
        for number, kind in enumerate(sorted(os.listdir(self.path("tree")))):
            mode = ("w", "w:gz")[number % 2]
            with tarfile.open(self.path("shards", kind + (".tar", ".tgz")[number % 2]), mode, format=list(FORMATS.values())[number % 3]) as tar:
                own = [name for name in names if name.startswith(kind + "/")]
                random.Random(number).shuffle(own)
                for name in own:
                    tar.add(self.path("tree", name), arcname=name)
        first = None
        for ranks in (1, 2, 3, 4):
            rows, features = self.features(f"shards-{ranks}", self.path("shards"), ranks)
            self.assertEqual(features, wanted, f"{ranks} ranks")
            self.assertEqual([row["folder"] for row in rows], [row["folder"] for row in plain])
            self.assertEqual([row["path"].split("/", 1)[1] for row in rows], [row["path"] for row in plain])
            made = read(self.path(f"shards-{ranks}", "images.h5")), read(self.path(f"shards-{ranks}", FEATURES))
            first = first or made
            self.assertEqual(made, first, f"{ranks} ranks")
        study = self.path("shards-1")
        self.assertIn("is up to date", run(3, "extract", "--study", study, *EXTRACT))
        self.assertIn("artifacts are sound", run(0, "verify", "--study", study))
        run(0, "montage", "--study", study)
        run(0, "report", "--study", study)
        self.assertNotIn("cannot be read", read(os.path.join(study, "report/index.html")).decode())
        refused = run(0, "export", "--study", study, "--pictures", "links", code=2)
        self.assertIn(f"--pictures links: {len(names)} of {len(names)} images lie in tar shards, where no link leads", refused)
        self.assertIn("--pictures copies takes all of them out", refused)
        run(0, "export", "--study", study, "--pictures", "copies")
        copies = [os.path.join(folder, name) for folder, _, files in os.walk(os.path.join(os.path.dirname(only(study, "assignments.csv")), "pictures")) for name in files]
        self.assertEqual(len(copies), len(names))
        self.assertFalse(any(map(os.path.islink, copies)))
        self.assertEqual(sorted(map(read, copies)), sorted(read(self.path("tree", name)) for name in names))
        self.check_web_dataset(study)
        text = run(2, "assign", "--study", study, "--k", "2", "--images", self.path("shards", "{discs,ramps}.{tar,tgz}"))
        self.assertIn("18 images given to 2 clusters", text)

    def check_web_dataset(self, study):
        """Shards of one cluster, as PyTorch's webdataset reads them: names without their suffixes belong together."""
        shards = []
        for again in "ab":
            run(0, "export", "--study", study, "--clusters", "1", "--pictures", "webdataset", "--to", self.path(f"to-{again}"))
            shards.append(read(only(self.path(f"to-{again}"), "pictures-000000.tar")))
        self.assertEqual(*shards)
        rows = rows_of(only(self.path("to-a"), "assignments.csv"))
        self.assertEqual({row["label"] for row in rows}, {"1"})
        with tarfile.open(fileobj=io.BytesIO(shards[0])) as tar:
            members = {member.name: tar.extractfile(member).read() for member in tar}
        self.assertEqual(len(members), 3 * len(rows))
        self.assertEqual(list(members), sorted(members, key=lambda name: name.split(".")[0]))
        for name in [name for name in members if name.endswith(".json")]:
            about, key = json.loads(members[name]), name.split(".")[0]
            row = next(row for row in rows if row["path"] == about["path"])
            self.assertEqual((members[key + ".cls"], about["label"], about["folder"]), (b"1", 1, row["folder"]))
            self.assertAlmostEqual(about["distance"], float(row["distance"]), places=6)
            (picture,) = [other for other in members if other.startswith(key) and not other.endswith((".cls", ".json"))]
            self.assertEqual(members[picture], read(self.path("tree", about["path"].split("/", 1)[1])))

    def test_columns_of_sidecars_are_labels(self):
        os.makedirs(self.path("set"))
        for shard in range(3):
            with tarfile.open(self.path("set", f"{shard:05}.tar"), "w") as tar:
                for number in range(4):
                    key, kind = f"{4 * shard + number:04}", ("discs", "stripes")[number % 2]
                    add(tar, key + ".png", draw(kind, 4 * shard + number))
                    add(tar, key + ".json", json.dumps({"kind": kind, "year": 1900 + number, "nested": {"kind": "no"}}).encode())
                    add(tar, key + ".cls", str(number % 2).encode())
        rows, _ = self.features("study", self.path("set", "{00000..00002}.tar"), 2)
        self.assertEqual([row["path"] for row in rows][:5],
                         ["00000.tar/0000.png", "00000.tar/0001.png", "00000.tar/0002.png", "00000.tar/0003.png", "00001.tar/0004.png"])
        self.assertEqual([(row["folder"], row["cls"], row["kind"], row["year"]) for row in rows][3:5],
                         [("00000", "1", "stripes", "1903"), ("00001", "0", "discs", "1900")])
        text = run(2, "evaluate", "--study", self.path("study"), "--labels", "cls,kind")
        self.assertIn("agreement with cls", text)
        self.assertIn("agreement with kind", text)

    def test_members_are_those_that_tarfile_lists(self):
        """Names of all lengths and alphabets, every format of tarfile, empty files, folders; read in any order."""
        dice = random.Random(3)
        for form, number in FORMATS.items():
            for mode in ("w", "w:gz"):
                path = self.path(f"{form}{mode.replace(':', '-')}.tar")
                with tarfile.open(path, mode, format=number) as tar:
                    add(tar, "folder", b"", type=tarfile.DIRTYPE)
                    for i in range(60):
                        stem = "".join(dice.choice("abc ./é\n") for _ in range(dice.choice((1, 20, 90)))) + str(i)
                        if form == "ustar":
                            stem = stem.encode().decode("ascii", "ignore")[-80:]
                        elif i % 9 == 0:
                            stem = "x/" * 100 + stem
                        # No hidden parts, which coterie passes over as in folders.
                        name = "/".join(part.lstrip(".") or "_" for part in stem.split("/")) + ".jpg"
                        add(tar, name, dice.randbytes(dice.choice((0, 1, 511, 512, 513, 3000))))
                    add(tar, "link.jpg", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd")
                    add(tar, "hard.jpg", b"", type=tarfile.LNKTYPE, linkname="folder")
                study = self.path("study-" + os.path.basename(path))
                text = run(0, "scan", "--study", study, "--images", path)
                self.assertIn("link.jpg: a symbolic link", text)
                self.assertIn("hard.jpg: a hard link", text)
                base = os.path.basename(path).encode()
                with tarfile.open(path) as tar:
                    wanted = {base + b"/" + os.fsencode(info.name): info.size for info in tar if info.isreg()}
                listed = self.table(study)
                self.assertEqual({row["path"]: row["bytes"] for row in listed}, wanted)

    def table(self, study):
        """images.h5, with h5py where it is installed."""
        try:
            import h5py
        except ImportError:
            self.skipTest("python3-h5py is not installed")
        with h5py.File(os.path.join(study, "images.h5")) as file:
            return [{"path": path, "bytes": size, "status": status, "hash": code} for path, size, status, code in
                    zip(file["path"][:], file["bytes"][:], file["status"][:], file["content_hash"][:])]

    def test_hostile_and_torn_shards_are_told_and_write_nothing_outside(self):
        os.makedirs(self.path("set"))
        sound = draw("discs", 1)
        with tarfile.open(self.path("set", "a.tar"), "w") as tar:
            for name in ("../../escape.png", "/etc/absolute.png", "a/../b.png", "good.png", "long/" * 60 + "l.png"):
                add(tar, name, sound)
            add(tar, "null.png", b"", type=tarfile.CHRTYPE)
        whole = read(self.path("set", "a.tar"))
        cut = self.path("set", "cut.tar")
        with open(cut, "wb") as file:
            file.write(whole[: 3 * (512 + (len(sound) + 511) // 512 * 512) + 600])
        with open(self.path("set", "cut.tgz"), "wb") as file:
            file.write(gzip.compress(whole)[:-200])
        with open(self.path("set", "noise.tar"), "wb") as file:
            file.write(random.Random(1).randbytes(5000))
        study = self.path("study")
        text = run(2, "scan", "--study", study, "--images", self.path("set"))
        self.assertIn("a.tar/null.png: a device", text)
        self.assertIn("cut.tar/good.png: cut off", text)
        self.assertIn("cut.tgz: its gzip stream is cut off", text)
        self.assertIn("noise.tar: is no tar", text)
        run(2, "extract", "--study", study, *EXTRACT)
        run(0, "cluster", "--study", study, "--raw", "--k", "1", "--n-init", "1")
        before = {os.path.join(folder, name) for folder, _, files in os.walk(self.folder) for name in files}
        run(0, "export", "--study", study, "--pictures", "copies")
        after = {os.path.join(folder, name) for folder, _, files in os.walk(self.folder) for name in files}
        self.assertTrue(all(name.startswith(study + "/") for name in after - before))
        self.assertFalse(os.path.exists("/etc/absolute.png"))
        paths = [row["path"] for row in rows_of(only(study, "assignments.csv"))]
        self.assertIn("a.tar/../../escape.png", paths)
        self.assertIn("a.tar//etc/absolute.png", paths)
        self.assertIn("cut.tar/../../escape.png", paths)
        self.assertIn("pattern.tar", run(0, "scan", "--study", self.path("none"), "--images", self.path("{no,}pattern.tar"), code=1))

    def test_images_that_change_after_the_scan_are_not_taken_for_what_they_were(self):
        make_images(self.path("tree"), each=2)
        with tarfile.open(self.path("tree", "more.tar"), "w") as tar:
            for number in range(4):
                add(tar, f"{number}.png", draw("noise", number))
        study = self.path("study")
        run(0, "scan", "--study", study, "--images", self.path("tree"))
        # Another sound image in one file's place, one byte of a member flipped, one file gone.
        with open(self.path("tree", "discs", "discs 0.png"), "wb") as file:
            file.write(draw("ramps", 99))
        with tarfile.open(self.path("tree", "more.tar")) as tar:
            at = tar.getmember("2.png").offset_data
        with open(self.path("tree", "more.tar"), "r+b") as file:
            file.seek(at + 60)
            byte = file.read(1)
            file.seek(at + 60)
            file.write(bytes([byte[0] ^ 1]))
        os.remove(self.path("tree", "ramps", "ramps 1.png"))
        text = run(3, "extract", "--study", study, *EXTRACT)
        self.assertIn("features of 9 images, 3 failed since the scan", text)
        self.assertRegex(text, r"2 changed \(The file is not what it was .*\): discs/discs 0.png, ...")
        self.assertRegex(text, r"1 not found \(.*\): ramps/ramps 1.png")
        run(0, "cluster", "--study", study, "--raw", "--k", "2", "--n-init", "1")
        run(0, "export", "--study", study)
        skipped = {row["path"]: row["status"] for row in rows_of(exported(study, "skipped.csv"))}
        self.assertEqual(skipped, {"discs/discs 0.png": "changed", "more.tar/2.png": "changed", "ramps/ramps 1.png": "not found"})
        self.assertIn("1 gone, 2 with other bytes", run(0, "scan", "--study", study, "--images", self.path("tree"), code=2))

    @unittest.skipIf(h5py is None, "python3-h5py is not installed")
    def test_an_image_list_without_hashes_is_read_as_it_is(self):
        """The first version wrote neither content hashes nor seals: what can be read is taken as it is."""
        make_images(self.path("tree"), each=2)
        study = self.path("study")
        run(0, "scan", "--study", study, "--images", self.path("tree"))
        with h5py.File(os.path.join(study, "images.h5"), "r+") as file:
            del file["content_hash"]
            for name in ("seal", "usable"):
                del file.attrs[name]
        with open(self.path("tree", "discs", "discs 0.png"), "wb") as file:
            file.write(draw("ramps", 99))
        self.assertRegex(run(2, "extract", "--study", study, *EXTRACT), r"features of 8 images")


if __name__ == "__main__":
    main()
