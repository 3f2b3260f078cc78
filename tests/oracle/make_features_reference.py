#!/usr/bin/env python3
"""Writes the small weight files in tests/data/features with the libraries that own the formats.

    make_features_reference.py            (torch 1.13, safetensors, tf_keras, tensorflow, h5py; see requirements.txt)

Run it only to change them: the files are committed, and tests/features/weight_file_test.cpp knows their values.
"""

import io
import pickle
import struct
import tarfile
from collections import OrderedDict
from pathlib import Path

import h5py
import numpy as np
import tensorflow as tf
import tf_keras
import torch
from safetensors.torch import save_file
from tf_keras.src.saving.legacy import hdf5_format

OUT = Path(__file__).resolve().parent.parent / "data" / "features"


def torch_tensors():
    """Every storage type and stride that the readers convert; small integers, exact in all of them."""
    grid = torch.arange(6.0).reshape(2, 3)
    return OrderedDict(
        grid=grid,
        transposed=grid.t(),
        window=torch.arange(10.0)[2:8].reshape(3, 2),
        half=grid.half(),
        bfloat16=grid.bfloat16(),
        double=grid.double(),
        count=torch.tensor(7),
        parameter=torch.nn.Parameter(grid + 1),
    )


def write_torch():
    state = torch_tensors()
    torch.save(state, OUT / "tiny_zip.pth")
    torch.save(state, OUT / "tiny_legacy.pth", _use_new_zipfile_serialization=False)
    parallel = {"epoch": 3, "state_dict": {"module." + name: tensor for name, tensor in state.items()}}
    torch.save(parallel, OUT / "tiny_checkpoint.pth")
    save_file({name: tensor.detach().contiguous() for name, tensor in state.items()}, OUT / "tiny.safetensors")


def write_deepcluster():
    """The shape of DeepCluster's checkpoint: DataParallel around the features alone, and an optimizer's momenta."""
    net = torch.nn.Module()
    net.sobel = torch.nn.Sequential(torch.nn.Conv2d(3, 1, 1))
    net.features = torch.nn.DataParallel(torch.nn.Sequential(torch.nn.Conv2d(1, 2, 1), torch.nn.BatchNorm2d(2)))
    net.top_layer = torch.nn.Linear(2, 3)
    for tensor in net.state_dict().values():
        tensor.copy_(torch.arange(tensor.numel()).reshape(tensor.shape))
    optimizer = torch.optim.SGD(net.parameters(), lr=0, momentum=0.9)
    for parameter in net.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    checkpoint = {"epoch": 500, "arch": "alexnet", "state_dict": net.state_dict(), "optimizer": optimizer.state_dict()}
    torch.save(checkpoint, OUT / "tiny_deepcluster.pth.tar", _use_new_zipfile_serialization=False)


class TarPickler(pickle.Pickler):
    """Pickles the object of a tar form: a tensor is its key."""

    def __init__(self, file, keys):
        super().__init__(file, protocol=2)
        self.keys = keys

    def persistent_id(self, value):
        return str(self.keys[id(value)]) if isinstance(value, torch.Tensor) else None


def write_tar():
    """No torch of today writes this form (torch 0.1.7 was the last), but torch 1.13 still reads it: see the end.

    Two storages, one of them partly seen through a view, as _legacy_save and legacy_load had them.
    """
    grid, line, half = torch.arange(6.0).reshape(2, 3), torch.arange(10.0), torch.arange(6.0).reshape(2, 3).half()
    state = OrderedDict(grid=grid, transposed=grid.t(), window=line[2:8].reshape(3, 2), half=half)
    big = 1 << 40  # keys were addresses
    storages = [(big + 1, "cpu", grid), (big + 2, "cuda:0", line), (big + 3, "cpu", half)]
    views = [(big + 4, big + 2, 2, 6)]
    tensors = [(big + 11, big + 1, state["grid"], 0), (big + 12, big + 1, state["transposed"], 0),
               (big + 13, big + 4, state["window"], 0), (big + 14, big + 3, state["half"], 0)]

    def dump(value):
        return pickle.dumps(value, protocol=2)

    def kind(tensor, suffix):
        return getattr(torch, ("Half" if tensor.dtype == torch.float16 else "Float") + suffix)

    members = {"sys_info": dump({"protocol_version": 1000, "little_endian": True}),
               "storages": dump(len(storages)), "tensors": dump(len(tensors))}
    for key, location, tensor in storages:
        members["storages"] += dump((key, location, kind(tensor, "Storage")))
        members["storages"] += struct.pack("<q", tensor.numel()) + tensor.numpy().tobytes()
    members["storages"] += dump(views)
    for key, storage, tensor, offset in tensors:
        members["tensors"] += dump((key, storage, kind(tensor, "Tensor")))
        members["tensors"] += struct.pack("<i4x", tensor.dim())
        members["tensors"] += struct.pack("<%dq" % (2 * tensor.dim()), *tensor.shape, *tensor.stride())
        members["tensors"] += struct.pack("<q", offset)
    text = io.BytesIO()
    TarPickler(text, {id(tensor): key for key, _, tensor, _ in tensors}).dump(state)
    members["pickle"] = text.getvalue()
    with tarfile.open(OUT / "tiny_tar.pth", "w", format=tarfile.PAX_FORMAT) as archive:
        for name in ("sys_info", "pickle", "tensors", "storages"):
            member = tarfile.TarInfo(name)
            member.size = len(members[name])
            member.mtime = 0.5  # a fraction, as from a file: tarfile puts a pax record before the member
            archive.addfile(member, io.BytesIO(members[name]))
    again = torch.load(OUT / "tiny_tar.pth", map_location="cpu")
    assert list(again) == list(state) and all(torch.equal(again[name], state[name]) for name in state)


def write_graph():
    """A frozen graph with constants of each form: bytes, lists, one value for all; and the old normalisation."""
    with tf.Graph().as_default() as graph:
        image = tf.compat.v1.placeholder(tf.float32, (1, 4, 4, 2), name="image")
        kernel = tf.constant(np.arange(12, dtype="float32").reshape(1, 1, 2, 6), name="conv/conv2d_params")
        with tf.name_scope("conv/batchnorm/"):
            tf.constant(1.0, shape=(6,), name="gamma")
            tf.constant(np.arange(6, dtype="float32"), name="beta")
            tf.constant(0.0, shape=(6,), name="moving_mean")
            tf.constant(np.arange(6, dtype="float32") + 1, name="moving_variance")
        tf.nn.conv2d(image, kernel, 1, "SAME", name="conv/Conv2D")
        for kind in ("float16", "bfloat16", "float64", "int32", "int64", "uint8"):
            tf.constant(np.arange(6).reshape(2, 3), dtype=kind, name=kind)
        tf.constant(3, dtype=tf.int64, name="scalar")
        tf.constant([1.5], shape=(2, 2), dtype=tf.float16, name="half_repeated")
        tf.constant("no weight", name="text")
    definition = graph.as_graph_def()
    inputs = ["conv/Conv2D"] + ["conv/batchnorm/" + name for name in ("moving_mean", "moving_variance", "beta", "gamma")]
    norm = definition.node.add(name="conv/batchnorm", op="BatchNormWithGlobalNormalization", input=inputs)
    norm.attr["T"].type = tf.float32.as_datatype_enum  # by hand: no graph of today may hold this operation
    norm.attr["variance_epsilon"].f = 0.001
    norm.attr["scale_after_normalization"].b = False
    last = definition.node.add(name="listed", op="Const")  # by hand: two values, of which the last is repeated
    last.attr["dtype"].type = tf.float32.as_datatype_enum
    proto = last.attr["value"].tensor
    proto.dtype = tf.float32.as_datatype_enum
    proto.tensor_shape.dim.add(size=5)
    proto.float_val.extend([1, 2])
    assert tf.make_ndarray(proto).tolist() == [1, 2, 2, 2, 2]
    (OUT / "tiny_graph.pb").write_bytes(definition.SerializeToString(deterministic=True))


def write_keras2():
    layers = tf_keras.layers
    model = tf_keras.Sequential([
        layers.Input((5, 5, 3)),
        layers.Conv2D(2, 3, name="conv_a"),
        layers.BatchNormalization(name="norm/a"),
        layers.Flatten(name="flatten"),
        layers.Dense(4, name="fc1"),
    ])
    model.set_weights([np.arange(w.size, dtype="float32").reshape(w.shape) for w in model.get_weights()])
    model.save_weights(OUT / "tiny_keras2.h5", save_format="h5")


def write_keras1():
    """Keras 1.2 can no longer be installed: its layout (keras/engine/topology.py) by hand."""
    tensors = {
        "conv_a": {"conv_a_W_1:0": (3, 3, 3, 2), "conv_a_b_1:0": (2,)},
        "norm_a": {name: (2,) for name in ("norm_a_gamma:0", "norm_a_beta:0", "norm_a_running_mean:0", "norm_a_running_std:0")},
        "flatten": {},
        "fc1": {"fc1_W_1:0": (18, 4), "fc1_b_1:0": (4,)},
    }
    with h5py.File(OUT / "tiny_keras1.h5", "w") as file:
        file.attrs["layer_names"] = np.array([name.encode() for name in tensors])
        for layer, weights in tensors.items():
            group = file.create_group(layer)
            group.attrs["weight_names"] = np.array([name.encode() for name in weights], dtype="S32")
            for name, shape in weights.items():
                group[name] = np.arange(np.prod(shape), dtype="float32").reshape(shape)


def write_keras_unnamed():
    """A whole model whose layers nobody named, the second of its session; its lists of names are split up."""
    layers = tf_keras.layers

    def build():
        return tf_keras.Sequential([layers.Input((6, 6, 3)), layers.Conv2D(2, 3), layers.SeparableConv2D(2, 3),
                                    layers.BatchNormalization(), layers.Conv2D(1, 1), layers.Flatten(), layers.Dense(2)])

    tf_keras.backend.clear_session()
    build()
    model = build()
    model.set_weights([np.arange(w.size, dtype="float32").reshape(w.shape) for w in model.get_weights()])
    hdf5_format.HDF5_OBJECT_HEADER_LIMIT = 64
    model.save(OUT / "tiny_keras_unnamed.h5", save_format="h5", include_optimizer=False)


def write_keras_theano():
    """What Keras 2.0 to 2.2 on Theano wrote, with names as texts of variable length; by hand."""
    with h5py.File(OUT / "tiny_keras_theano.h5", "w") as file:
        file.attrs["layer_names"] = ["conv2d_1", "separable_conv2d_1", "fc"]  # variable length, as h5py does with str
        file.attrs["backend"] = "theano"
        file.attrs["keras_version"] = "2.1.6"
        for layer, shapes in {"conv2d_1": {"kernel": (2, 2, 1, 2), "bias": (2,)},
                              "separable_conv2d_1": {"depthwise_kernel": (2, 2, 1, 1), "pointwise_kernel": (1, 1, 1, 2)},
                              "fc": {"kernel": (2, 3)}}.items():
            group = file.create_group(layer)
            group.attrs["weight_names"] = ["%s/%s:0" % (layer, role) for role in shapes]
            for role, shape in shapes.items():
                group["%s/%s:0" % (layer, role)] = np.arange(np.prod(shape), dtype="float32").reshape(shape)


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    write_torch()
    write_deepcluster()
    write_tar()
    write_graph()
    write_keras2()
    write_keras1()
    write_keras_unnamed()
    write_keras_theano()
    for path in sorted(OUT.iterdir()):
        print(path.name, path.stat().st_size)
