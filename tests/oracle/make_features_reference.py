#!/usr/bin/env python3
"""Writes the small weight files in tests/data/features with the libraries that own the formats.

    make_features_reference.py            (torch, safetensors, tf_keras, h5py; see requirements.txt)

Run it only to change them: the files are committed, and tests/features/weight_file_test.cpp knows their values.
"""

from collections import OrderedDict
from pathlib import Path

import h5py
import numpy as np
import tf_keras
import torch
from safetensors.torch import save_file

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


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    write_torch()
    write_keras2()
    write_keras1()
    for path in sorted(OUT.iterdir()):
        print(path.name, path.stat().st_size)
