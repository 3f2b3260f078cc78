"""Files whose content is hostile: weights, HDF5, texts without end."""

import os
import pickle
import shutil
import struct
import subprocess
import zipfile

import h5py
import numpy as np

from coterie_program import read, run
from hostile_study import CLUSTERING, FEATURES, RANDOM, Hostile, tree


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
