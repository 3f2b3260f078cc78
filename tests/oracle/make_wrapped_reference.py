#!/usr/bin/env python3
"""Writes the weight files of tests/data/features whose tensors lie under other names' prefixes, as training code, and
Keras where one model holds another, leave them.

    make_wrapped_reference.py            (torch 1.13, h5py)

Run it only to change them: the files are committed, and tests/features/wrapped_weights_test.cpp knows their values.
"""

import argparse
import pathlib
from collections import OrderedDict, defaultdict

import h5py
import numpy as np
import torch

OUT = pathlib.Path(__file__).resolve().parent.parent / "data" / "features"


def network(offset):
    """A convolution, a normalisation and a dense layer; each tensor counts from the offset."""
    net = torch.nn.Sequential(OrderedDict(conv=torch.nn.Conv2d(1, 2, 1), norm=torch.nn.BatchNorm2d(2),
                                          fc=torch.nn.Linear(2, 3)))
    for tensor in net.state_dict().values():
        tensor.copy_(torch.arange(tensor.numel()).reshape(tensor.shape) + offset)
    return net


def under(prefix, net):
    return OrderedDict((prefix + name, tensor) for name, tensor in net.state_dict().items())


def write_checkpoints():
    """DINO's: two networks, the training's arguments, a momentum; in both containers."""
    student, teacher = network(10), network(0)
    optimizer = torch.optim.SGD(student.parameters(), lr=0.1, momentum=0.9)
    for parameter in student.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    student = network(10)
    checkpoint = {
        "student": under("module.backbone.", student),
        "teacher": under("backbone.", teacher),
        "optimizer": optimizer.state_dict(),
        "epoch": 100,
        "args": argparse.Namespace(arch="resnet50", lr=0.03, output_dir=pathlib.PurePosixPath("x").name,
                                   warmup=np.float64(0.5), device=torch.device("cpu")),
        "history": defaultdict(list, loss=[1.0, 0.5]),
    }
    torch.save(checkpoint, OUT / "wrapped_zip.pth")
    torch.save(checkpoint, OUT / "wrapped_legacy.pth", _use_new_zipfile_serialization=False)
    moco = under("module.encoder_q.", network(0)) | under("module.encoder_k.", network(10))
    moco["module.queue"] = torch.arange(6.0).reshape(2, 3)
    torch.save({"epoch": 200, "arch": "resnet50", "state_dict": moco}, OUT / "wrapped_moco.pth.tar")


class Wrapper(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.model = network(0)

    def forward(self, x):
        return self.model.norm(self.model.conv(x)).mean([2, 3])


def write_scripts():
    """What torch.jit writes: the network itself, and in a module of somebody's own."""
    torch.jit.script(Wrapper().eval()).save(OUT / "wrapped_script.pt")
    torch.jit.trace(Wrapper().eval(), torch.zeros(1, 1, 2, 2)).save(OUT / "wrapped_trace.pt")


def write_keras():
    """Sequential([a network, Dense]): the network is one layer, whose weights bear their own layers' names. Both
    generations."""
    values = {
        ("conv1", "kernel"): np.arange(6.0).reshape(1, 1, 3, 2),
        ("conv1", "bias"): np.arange(2.0),
        ("conv2d_7", "kernel"): np.arange(4.0).reshape(1, 1, 2, 2),
        ("conv2d_7", "bias"): np.arange(2.0) + 5,
    }
    first = {"kernel": "W", "bias": "b"}
    for file_name, write in (("wrapped_keras2.h5", lambda layer, role: f"{layer}/{role}:0"),
                             ("wrapped_keras1.h5", lambda layer, role: f"{layer}_{first[role]}:0")):
        with h5py.File(OUT / file_name, "w", libver="earliest") as file:
            file.attrs["layer_names"] = np.array([b"resnet50", b"dense_1"])
            inner = file.create_group("resnet50")
            inner.attrs["weight_names"] = np.array([write(*key).encode() for key in values])
            for key, value in values.items():
                inner[write(*key)] = value.astype("<f4")
            dense = file.create_group("dense_1")
            names = [write("dense_1", "kernel"), write("dense_1", "bias")]
            dense.attrs["weight_names"] = np.array([name.encode() for name in names])
            dense[names[0]] = np.ones((2, 1), "<f4")
            dense[names[1]] = np.zeros(1, "<f4")


if __name__ == "__main__":
    write_checkpoints()
    write_scripts()
    write_keras()
