"""Weight files as people have them: of training code, of hubs, of newer Keras, each with what coterie should make of
it."""

import json
import os
import struct
import subprocess
import zipfile

from coterie_program import SOURCE, ProgramTest, main, make_images, run

DATA = os.path.join(SOURCE, "tests", "data", "features")
#   repeats, kernel, stride, expansion, inputs, outputs of EfficientNet-Lite0's stages
STAGES = ((1, 3, 1, 1, 32, 16), (2, 3, 2, 6, 16, 24), (2, 5, 2, 6, 24, 40), (3, 3, 2, 6, 40, 80), (3, 5, 1, 6, 80, 112),
          (4, 5, 2, 6, 112, 192), (1, 3, 1, 6, 192, 320))


def lite0(classes=1000):
    """{name: shape} of its published file."""
    shapes = {}

    def norm(name, channels):
        for part in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{name}.{part}"] = [channels]

    shapes["_conv_stem.weight"] = [32, 3, 3, 3]
    norm("_bn0", 32)
    block = 0
    for repeats, kernel, _, expansion, inputs, outputs in STAGES:
        for repeat in range(repeats):
            width = (outputs if repeat else inputs) * expansion
            name = f"_blocks.{block}."
            if expansion > 1:
                shapes[name + "_expand_conv.weight"] = [width, outputs if repeat else inputs, 1, 1]
                norm(name + "_bn0", width)
            shapes[name + "_depthwise_conv.weight"] = [width, 1, kernel, kernel]
            norm(name + "_bn1", width)
            shapes[name + "_project_conv.weight"] = [outputs, width, 1, 1]
            norm(name + "_bn2", outputs)
            block += 1
    shapes["_conv_head.weight"] = [1280, 320, 1, 1]
    norm("_bn1", 1280)
    shapes["_fc.weight"] = [classes, 1280]
    shapes["_fc.bias"] = [classes]
    return shapes


def values(name, shape):
    """float16, a function of name and shape: neutral normalisations, kernels that keep the size of what they are
    given."""
    count = 1
    for length in shape:
        count *= length
    if len(shape) == 1:
        return struct.pack("<e", 1 if name.endswith(("_var", ".weight")) else 0.1 if name.endswith("bias") else 0) * count
    scale = (6 * shape[0] / count) ** 0.5 / 48
    some = struct.pack("<97e", *(((i * 37 + len(name)) % 97 - 48) * scale for i in range(97)))
    return (some * (count // 97 + 1))[: 2 * count]


def write_safetensors(path, tensors):
    """Of {name: (plain name, shape)}."""
    header, data, at = {}, [], 0
    for name, (plain, shape) in tensors.items():
        data.append(values(plain, shape))
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": [at, at + len(data[-1])]}
        at += len(data[-1])
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(data))


def write_parts(folder, tensors):
    """As Hugging Face's libraries save a model in three parts; returns the index."""
    names = list(tensors)
    weight_map = {}
    for part in range(3):
        file = f"model-{part + 1:05}-of-00003.safetensors"
        own = {name: tensors[name] for name in names[part::3]}
        write_safetensors(os.path.join(folder, file), own)
        weight_map.update({name: file for name in own})
    index = os.path.join(folder, "model.safetensors.index.json")
    with open(index, "w", encoding="utf-8") as file:
        json.dump({"metadata": {"total_size": 1}, "weight_map": weight_map}, file)
    return index


class Weights(ProgramTest):
    def features(self, name):
        file = os.path.join(self.path("study"), "features", name + ".h5")
        return subprocess.run(["h5dump", "-d", "/features", "-y", file], capture_output=True, check=True).stdout.split(b"DATA {")[1]

    def test_an_encoder_in_parts_under_a_prefix_with_a_head_of_its_own_gives_the_features_of_the_plain_file(self):
        make_images(self.path("images"), each=1)
        plain = self.path("plain.safetensors")
        write_safetensors(plain, {name: (name, shape) for name, shape in lite0().items()})
        wrapped = {"module.encoder_q." + name: (name, shape) for name, shape in lite0(128).items()}
        wrapped["module.queue"] = ("queue", [128, 16])
        index = write_parts(self.folder, wrapped)
        run(0, "scan", "--study", self.path("study"), "--images", self.path("images"))
        run(0, "extract", "--study", self.path("study"), "--weights", plain, "--name", "plain")
        text = run(2, "extract", "--study", self.path("study"), "--weights", index, "--name", "wrapped")
        self.assertIn("takes the tensors under 'encoder_q.'", text)
        self.assertIn("leaves a head of another size or kind ('_fc.bias' [128], '_fc.weight' [128, 1280])", text)
        self.assertEqual(self.features("plain"), self.features("wrapped"))
        self.assertGreater(len(set(self.features("plain").split())), 100)
        text = run(0, "weights", "check", index)
        for part in ("safetensors in 3 parts", "model-00002-of-00003.safetensors", "fits     efficientnet_lite0: takes"):
            self.assertIn(part, text)
        text = run(0, "weights", "check", os.path.join(self.path("study"), "images.h5"), code=1)
        self.assertIn("is an HDF5 file without Keras' layer_names; it holds '", text)
        # Another part with the same index is another file.
        wrapped["module.queue"] = ("queue", [128, 17])
        write_parts(self.folder, wrapped)
        self.assertIn("weights", run(0, "extract", "--study", self.path("study"), "--weights", index, "--name", "wrapped", code=2))
        os.remove(self.path("model-00003-of-00003.safetensors"))
        self.assertIn("model-00003-of-00003.safetensors: cannot be read", run(0, "weights", "check", index, code=1))
        text = run(0, "weights", "check", self.path("model-00002-of-00003.safetensors"), code=1)
        self.assertIn("give its index, model.safetensors.index.json", text)
        # Of another network: what is there, beside what is wanted.
        text = run(0, "extract", "--study", self.path("study"), "--backbone", "resnet50", "--weights", plain, code=1)
        self.assertIn("it holds '_conv_stem.weight' [32, 3, 3, 3], '_bn0.weight' [32], ", text)
        self.assertIn("resnet50 needs 'conv1.weight' [64, 3, 7, 7], 'bn1.weight' [64], ", text)

    def test_checkpoints_and_torchscript_are_read_and_one_of_two_networks_is_taken_out(self):
        for name, says in (("wrapped_zip.pth", "PyTorch zip\n  holds    18 tensors, 44 parameters: 'student.backbone.conv.weight' [2, 1, 1, 1]"),
                           ("wrapped_script.pt", "TorchScript\n  holds    9 tensors, 22 parameters: 'conv.weight' [2, 1, 1, 1], ")):
            self.assertIn(says, run(0, "weights", "check", os.path.join(DATA, name)))
        out = self.path("teacher.safetensors")
        run(0, "weights", "convert", os.path.join(DATA, "wrapped_zip.pth"), out, "--prefix", "teacher.backbone.")
        with open(out, "rb") as file:
            header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        self.assertEqual(header.pop("__metadata__")["source_prefix"], "teacher.backbone.")
        self.assertEqual(header["conv.weight"]["shape"], [2, 1, 1, 1])
        self.assertEqual(len(header), 9)
        text = run(0, "weights", "convert", os.path.join(DATA, "wrapped_zip.pth"), out, "--overwrite", "--prefix", "techer.", code=2)
        self.assertIn("it holds 'student.backbone.conv.weight'", text)

    def test_what_is_not_read_is_named_with_the_way_out(self):
        keras = self.path("model.keras")
        with zipfile.ZipFile(keras, "w") as archive:
            for member in ("metadata.json", "config.json", "model.weights.h5"):
                archive.writestr(member, "{}")
        text = run(0, "weights", "check", keras, code=1)
        self.assertIn("is a .keras file of Keras 3", text)
        self.assertIn(".save('OUT.h5')", text)
        photographs = self.path("photographs.pth")
        with zipfile.ZipFile(photographs, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.jpg", "x" * 500)
        self.assertIn("it holds 'a.jpg'", run(0, "weights", "check", photographs, code=1))


if __name__ == "__main__":
    main()
