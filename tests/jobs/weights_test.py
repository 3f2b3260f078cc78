"""coterie weights: what it tells about a file, what it makes of it, and what it answers to mistakes."""

import hashlib
import json
import os
import shutil
import struct

from coterie_program import SOURCE, ProgramTest, main, run

DATA = os.path.join(SOURCE, "tests", "data", "features")


def read_safetensors(path):
    """{name: (shape, floats)} and the metadata."""
    with open(path, "rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(length))
        data = file.read()
    metadata = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        assert entry["dtype"] == "F32", entry
        tensors[name] = (entry["shape"], list(struct.unpack(f"<{(end - begin) // 4}f", data[begin:end])))
    return tensors, metadata


def write_safetensors(path, tensors):
    """Of {name: floats}."""
    header, data = {}, b""
    for name, values in tensors.items():
        header[name] = {"dtype": "F32", "shape": [len(values)], "data_offsets": [len(data), len(data) + 4 * len(values)]}
        data += struct.pack(f"<{len(values)}f", *values)
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def digest(path, kind):
    with open(path, "rb") as file:
        return hashlib.new(kind, file.read()).hexdigest()


class Weights(ProgramTest):
    def test_check_tells_format_size_digests_origin_and_fit(self):
        for name, form, holds in (("tiny_zip.pth", "PyTorch zip", "8 tensors, 43 parameters"),
                                  ("tiny_tar.pth", "PyTorch tar", "4 tensors, 24 parameters"),
                                  ("tiny_graph.pb", "TensorFlow graph", "16 tensors"),
                                  ("tiny_keras2.h5", "Keras HDF5", "8 tensors")):
            path = os.path.join(DATA, name)
            text = run(0, "weights", "check", path)
            for part in (form, holds, digest(path, "sha256"), digest(path, "md5"), "no published file", "no backbone", "all finite"):
                self.assertIn(part, text)

    def test_a_file_that_bears_the_name_of_a_published_one_is_told_apart_from_it(self):
        path = self.path("resnet50_weights_tf_dim_ordering_tf_kernels.h5")
        shutil.copy(os.path.join(DATA, "tiny_keras2.h5"), path)
        text = run(0, "weights", "check", path)
        self.assertIn("not the published file of this name", text)
        self.assertIn("a7b3fe01876f51b976af0dea6bc144eb", text)  # there are two
        self.assertIn("2cb95161c43110f7111970584f804107", text)

    def test_check_fails_on_what_is_not_finite_and_names_it(self):
        path = self.path("bad.safetensors")
        write_safetensors(path, {"good": [1, 2], "hole": [1, float("nan")], "pole": [float("inf")]})
        text = run(2, "weights", "check", path, code=1)
        self.assertIn("2 of its tensors hold NaN or infinity: hole, pole", text)
        self.assertNotIn("all finite", text)

    def test_convert_keeps_every_tensor_and_says_where_it_came_from(self):
        source, out = os.path.join(DATA, "tiny_zip.pth"), self.path("out.safetensors")
        self.assertIn("8 tensors", run(2, "weights", "convert", source, out))
        tensors, metadata = read_safetensors(out)
        self.assertEqual(list(tensors), ["grid", "transposed", "window", "half", "bfloat16", "double", "count", "parameter"])
        self.assertEqual(tensors["transposed"], ([3, 2], [0, 3, 1, 4, 2, 5]))
        self.assertEqual(tensors["half"], ([2, 3], [0, 1, 2, 3, 4, 5]))
        self.assertEqual(tensors["count"], ([], [7]))
        self.assertEqual(metadata, {"source": "tiny_zip.pth", "source_format": "PyTorch zip",
                                    "source_sha256": digest(source, "sha256")})
        self.assertEqual(os.listdir(self.folder), ["out.safetensors"])
        again = self.path("again.safetensors")
        run(0, "weights", "convert", out, again)
        self.assertEqual(read_safetensors(again)[0], tensors)

    def test_convert_replaces_a_file_only_when_told_to(self):
        source, out = os.path.join(DATA, "tiny_legacy.pth"), self.path("out.safetensors")
        with open(out, "w", encoding="utf-8") as file:
            file.write("mine")
        self.assertIn("--overwrite", run(0, "weights", "convert", source, out, code=2))
        with open(out, encoding="utf-8") as file:
            self.assertEqual(file.read(), "mine")
        self.assertIn("would make", run(0, "weights", "convert", source, out, "--overwrite", "--dry-run"))
        run(0, "weights", "convert", source, out, "--overwrite")
        self.assertEqual(len(read_safetensors(out)[0]), 8)

    def test_slips_are_answered_with_what_was_meant(self):
        source = os.path.join(DATA, "tiny_zip.pth")
        for words, says, code in ((("chekc", source), 'did you mean "check"?', 2),
                                  ((), "weights check FILE", 2),
                                  (("check",), "weights check wants one file", 2),
                                  (("check", source, source), "weights check wants one file", 2),
                                  (("convert", source), "weights convert wants two files", 2),
                                  (("convert", source, self.path("out.pth")), "must end in .safetensors", 2),
                                  (("convert", source, self.path("no/out.safetensors")), "cannot be written", 1),
                                  (("check", self.path("none.pth")), "none.pth: cannot be read", 1),
                                  (("check", __file__), "is no weight file", 1)):
            text = run(0, "weights", *words, code=code)
            self.assertIn(says, text)
            self.assertEqual(text.count("coterie: "), 1, text)


if __name__ == "__main__":
    main()
