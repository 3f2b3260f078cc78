"""The Inception graph of 2015-12-05, rebuilt in TensorFlow with the published one's node names and frozen to a .pb.

Its weights are those of pytorch-fid's network, which also writes them as a .pth, so that three networks must agree:
TensorFlow's on the bytes of a JPEG, PyTorch's on the pixels that TensorFlow made of them, and coterie's from the file.
"""

import numpy as np
import tensorflow as tf
import torch
from PIL import Image

from networks_probe import PHOTOS, compare, compare_layers
from networks_torch import randomise

v1 = tf.compat.v1


def fid_network(seed):
    """The module that pytorch-fid runs, without the download of its weights."""
    from pytorch_fid import inception

    plain = inception._inception_v3(num_classes=1008, aux_logits=False, weights=None).state_dict()
    inception.load_state_dict_from_url = lambda *_, **__: plain
    return randomise(inception.fid_inception_v3(), seed)


class Graph:
    """Builds the graph; the weights come from the PyTorch network by their names there."""

    def __init__(self, state, scale_after_normalization):
        self.state = {name: tensor.numpy() for name, tensor in state.items()}
        self.scale = scale_after_normalization
        self.norms = {}  # node: its five inputs

    def constant(self, name, values):
        return v1.constant(values, dtype=tf.float32, name=name)

    def conv(self, x, scope, torch_name, stride=1, padding="SAME"):
        kernel = self.constant(f"{scope}/conv2d_params", self.state[f"{torch_name}.conv.weight"].transpose(2, 3, 1, 0))
        x = tf.nn.conv2d(x, kernel, stride, padding, name=f"{scope}/Conv2D")
        norm = f"{scope}/batchnorm"
        parts = {"moving_mean": "running_mean", "moving_variance": "running_var", "beta": "bias", "gamma": "weight"}
        inputs = [self.constant(f"{norm}/{part}", self.state[f"{torch_name}.bn.{theirs}"])
                  for part, theirs in parts.items()]
        # TensorFlow makes this operation no longer, but runs it in old graphs: see freeze().
        self.norms[norm] = [x.op.name] + [each.op.name for each in inputs]
        return tf.nn.relu(tf.identity(x, name=norm), name=scope)

    def chain(self, x, units):
        for unit in units:
            x = self.conv(x, *unit)
        return x

    def max_pool(self, x, name, stride=2, padding="VALID"):
        return tf.nn.max_pool2d(x, 3, stride, padding, name=name)

    def mixed(self, x, scope, block, branches, pool):
        """branches: chains of (scope, name in PyTorch, stride, padding); scopes with mixed/ fork from its end."""
        outputs = []
        for branch in branches:
            units = [(f"{scope}/{unit[0]}", f"Mixed_{block}.{unit[1]}", *unit[2:]) for unit in branch]
            forked = [unit for unit in units if "/mixed/" in unit[0]]
            value = self.chain(x, [unit for unit in units if unit not in forked])
            outputs += [self.conv(value, *unit) for unit in forked] or [value]
        if pool == "halve":
            outputs.append(self.max_pool(x, f"{scope}/pool"))
        else:
            name = f"{scope}/tower_2/pool"
            pooled = (self.max_pool(x, name, 1, "SAME") if pool == "max" else
                      tf.nn.avg_pool2d(x, 3, 1, "SAME", name=name))
            outputs.append(self.conv(pooled, f"{scope}/tower_2/conv", f"Mixed_{block}.branch_pool"))
        return tf.concat(outputs, 3, name=f"{scope}/join")

    def build(self):
        contents = v1.constant(b"", name="DecodeJpeg/contents")
        image = tf.raw_ops.DecodeJpeg(contents=contents, channels=3, name="DecodeJpeg")
        image = v1.cast(image, tf.float32, name="Cast")
        image = tf.raw_ops.ResizeBilinear(images=tf.expand_dims(image, 0, name="ExpandDims"), size=[299, 299],
                                         name="ResizeBilinear")
        x = tf.multiply(tf.subtract(image, 128.0, name="Sub"), 0.0078125, name="Mul")
        x = self.conv(x, "conv", "Conv2d_1a_3x3", 2, "VALID")
        x = self.conv(x, "conv_1", "Conv2d_2a_3x3", 1, "VALID")
        x = self.max_pool(self.conv(x, "conv_2", "Conv2d_2b_3x3"), "pool")
        x = self.conv(x, "conv_3", "Conv2d_3b_1x1", 1, "VALID")
        x = self.max_pool(self.conv(x, "conv_4", "Conv2d_4a_3x3", 1, "VALID"), "pool_1")
        double = [[("conv", "branch1x1")],
                  [("tower/conv", "branch5x5_1"), ("tower/conv_1", "branch5x5_2")],
                  [("tower_1/conv", "branch3x3dbl_1"), ("tower_1/conv_1", "branch3x3dbl_2"),
                   ("tower_1/conv_2", "branch3x3dbl_3")]]
        for scope, block in (("mixed", "5b"), ("mixed_1", "5c"), ("mixed_2", "5d")):
            x = self.mixed(x, scope, block, double, "average")
        x = self.mixed(x, "mixed_3", "6a",
                       [[("conv", "branch3x3", 2, "VALID")],
                        [("tower/conv", "branch3x3dbl_1"), ("tower/conv_1", "branch3x3dbl_2"),
                         ("tower/conv_2", "branch3x3dbl_3", 2, "VALID")]], "halve")
        numbered = ["conv", "conv_1", "conv_2", "conv_3", "conv_4"]
        seven = [[("conv", "branch1x1")],
                 [(f"tower/{conv}", f"branch7x7_{i}") for i, conv in enumerate(numbered[:3], 1)],
                 [(f"tower_1/{conv}", f"branch7x7dbl_{i}") for i, conv in enumerate(numbered, 1)]]
        for scope, block in (("mixed_4", "6b"), ("mixed_5", "6c"), ("mixed_6", "6d"), ("mixed_7", "6e")):
            x = self.mixed(x, scope, block, seven, "average")
        x = self.mixed(x, "mixed_8", "7a",
                       [[("tower/conv", "branch3x3_1"), ("tower/conv_1", "branch3x3_2", 2, "VALID")],
                        [(f"tower_1/{conv}", f"branch7x7x3_{i}") for i, conv in enumerate(numbered[:3], 1)]
                        + [("tower_1/conv_3", "branch7x7x3_4", 2, "VALID")]], "halve")
        last = [[("conv", "branch1x1")],
                [("tower/conv", "branch3x3_1"), ("tower/mixed/conv", "branch3x3_2a"),
                 ("tower/mixed/conv_1", "branch3x3_2b")],
                [("tower_1/conv", "branch3x3dbl_1"), ("tower_1/conv_1", "branch3x3dbl_2"),
                 ("tower_1/mixed/conv", "branch3x3dbl_3a"), ("tower_1/mixed/conv_1", "branch3x3dbl_3b")]]
        x = self.mixed(x, "mixed_9", "7b", last, "average")
        x = self.mixed(x, "mixed_10", "7c", last, "max")
        x = tf.nn.avg_pool2d(x, 8, 1, "VALID", name="pool_3")
        flat = tf.reshape(x, [-1, 2048], name="pool_3/_reshape")
        weights = self.constant("softmax/weights", self.state["fc.weight"].T)
        biases = self.constant("softmax/biases", self.state["fc.bias"])
        logits = tf.add(tf.matmul(flat, weights, name="softmax/logits/MatMul"), biases, name="softmax/logits")
        tf.nn.softmax(logits, name="softmax")

    def freeze(self):
        """With the normalisation of 2015 in the place of its stand-ins, in a graph of a version that had it."""
        with tf.Graph().as_default() as graph:
            self.build()
        frozen = graph.as_graph_def()
        frozen.versions.producer, frozen.versions.min_consumer = 8, 0
        for node in frozen.node:
            if node.name not in self.norms:
                continue
            node.op = "BatchNormWithGlobalNormalization"
            node.ClearField("input")
            node.input.extend(self.norms[node.name])
            node.attr["variance_epsilon"].f = 1e-3
            node.attr["scale_after_normalization"].b = self.scale
        return frozen


def run_graph(frozen, images, nodes):
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(frozen, name="")
        with v1.Session(graph=graph) as session:
            rows = [session.run([f"{node}:0" for node in nodes], {"DecodeJpeg/contents:0": image.read_bytes()})
                    for image in images]
    return {node: np.concatenate([row[i] for row in rows]) for i, node in enumerate(nodes)}


def write_jpegs(folder):
    files = [folder / f"{path.stem}.jpg" for path in PHOTOS]
    for path, file in zip(PHOTOS, files):
        Image.open(path).save(file, quality=90)
    return files


def check_inception_2015(build, folder):
    images, model = write_jpegs(folder), fid_network(31)
    torch_file, graph_file = folder / "pt_inception.pth", folder / "classify_image_graph_def.pb"
    nodes = {"pool_3": "pool_3", "mixed": "mixed/join", "softmax/logits": "softmax/logits", "softmax": "softmax"}
    model.fc.weight.data *= 0.2  # a softmax that is not one class alone
    torch.save(model.state_dict(), torch_file)
    frozen = Graph(model.state_dict(), True).freeze()
    graph_file.write_bytes(frozen.SerializeToString())
    made = run_graph(frozen, images, ["Mul", *nodes.values()])
    with torch.no_grad():
        logits = model(torch.from_numpy(made["Mul"].transpose(0, 3, 1, 2))).numpy()
    results = [compare("the graph rebuilt, against pytorch-fid", made["softmax/logits"], logits)]
    theirs = {layer: made[node] for layer, node in nodes.items()}
    results += compare_layers(build, "inception_2015", graph_file, theirs, images)
    results += compare_layers(build, "inception_2015", torch_file, {"pool_3": theirs["pool_3"]}, images)
    unscaled = Graph(model.state_dict(), False).freeze()
    graph_file.write_bytes(unscaled.SerializeToString())
    theirs = run_graph(unscaled, images, ["pool_3"])
    return results + compare_layers(build, "inception_2015", graph_file, theirs, images)
