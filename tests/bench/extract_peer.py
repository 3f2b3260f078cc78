#!/usr/bin/env python3
"""One measurement of a peer, in a process of its own; extract_bench.py runs it. Prints a JSON line.

    extract_peer.py script BACKBONE THREADS FOLDER           what a researcher writes today
    extract_peer.py tuned BACKBONE THREADS FOLDER [CHOICE]   what an expert makes of it in torch

script: for weights of Keras' own tf_keras, load_img in a Sequence with a worker for each core, model.predict; else
torch in eval mode with a DataLoader with a worker for each core. Batches of 32.
tuned: batch normalisation folded, the graph traced and frozen, as it is (channels last) or after optimize_for_inference,
whichever is faster, with the fastest batch of 1 to 32; CHOICE, such as "frozen 8", repeats what was found before. The
allocator is extract_bench.py's to set, in the environment.

Making the network, and a first batch, are not timed; starting the loader's workers is.
"""

import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
from PIL import Image

from peer_networks import PEERS

BATCH = 32
TUNING = 8  # seconds


def paths_of(folder):
    return sorted(str(path) for path in Path(folder).rglob("*") if path.is_file())


# --- Keras


def keras_speed(peer, threads, folder):
    import tensorflow as tf
    import tf_keras

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    preprocess = getattr(tf_keras.applications, peer.keras_module).preprocess_input
    load, to_array = tf_keras.utils.load_img, tf_keras.utils.img_to_array

    class Photos(tf_keras.utils.Sequence):
        def __init__(self, paths):
            self.paths = paths

        def __len__(self):
            return -(-len(self.paths) // BATCH)

        def __getitem__(self, index):
            chosen = self.paths[index * BATCH : (index + 1) * BATCH]
            return preprocess(np.stack([to_array(load(path, target_size=(peer.size, peer.size))) for path in chosen]))

    paths = paths_of(folder)
    model = peer.keras(tf_keras.applications)
    model.predict(Photos(paths[:BATCH]), verbose=0)  # a Sequence, as below: TensorFlow traces each kind of input anew
    start = time.perf_counter()
    features = model.predict(Photos(paths), workers=threads, verbose=0)
    seconds = time.perf_counter() - start
    assert len(features) == len(paths)
    return {"images_per_second": len(paths) / seconds}


# --- torch


def keras_arithmetic(mode):
    import torch

    def tensor(image):
        levels = torch.from_numpy(np.array(image)).permute(2, 0, 1).float()
        if mode == "caffe":
            return levels.flip(0) - torch.tensor([103.939, 116.779, 123.68]).view(3, 1, 1)
        return (levels - 128) / 128 if mode == "inception" else levels / 127.5 - 1

    return tensor


def torch_transform(peer):
    from torchvision import transforms as t

    nearest, bicubic = t.InterpolationMode.NEAREST, t.InterpolationMode.BICUBIC
    imagenet = [t.ToTensor(), t.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])]
    square = (peer.size, peer.size)
    steps = {
        "torchvision": [t.Resize(256), t.CenterCrop(224), *imagenet],
        "lite": [t.Resize(peer.size + 32, bicubic), t.CenterCrop(peer.size), t.ToTensor(), t.Normalize([127 / 255] * 3, [128 / 255] * 3)],
        "torch": [t.Resize(square, nearest), *imagenet],
        "inception": [t.Resize(square), keras_arithmetic(peer.mode)],
        "caffe": [t.Resize(square, nearest), keras_arithmetic(peer.mode)],
        "tf": [t.Resize(square, nearest), keras_arithmetic(peer.mode)],
    }
    return t.Compose(steps[peer.mode])


def photo_loader(peer, threads, folder, batch):
    import torch

    class Photos(torch.utils.data.Dataset):
        def __init__(self):
            self.paths, self.transform = paths_of(folder), torch_transform(peer)

        def __len__(self):
            return len(self.paths)

        def __getitem__(self, index):
            return self.transform(Image.open(self.paths[index]).convert("RGB"))

    return torch.utils.data.DataLoader(Photos(), batch_size=batch, num_workers=threads)


def noise(peer, batch, form):
    import torch

    pixels = torch.randn(batch, 3, peer.size, peer.size)
    return pixels.contiguous(memory_format=torch.channels_last) if form == "frozen" else pixels


def loop_speed(model, peer, threads, folder, batch, form):
    import torch

    loader = photo_loader(peer, threads, folder, batch)
    count = 0
    for _ in range(1 if form == "plain" else 3):  # the graph's executor makes its plan in the first runs
        model(noise(peer, batch, form))
    start = time.perf_counter()
    for pixels in loader:
        if form == "frozen":
            pixels = pixels.contiguous(memory_format=torch.channels_last)
        count += len(model(pixels))
    return count / (time.perf_counter() - start)


def prepared(peer, form):
    import torch

    model = peer.torch().eval()
    if form == "plain":
        return model
    if form == "frozen":
        model = model.to(memory_format=torch.channels_last)
    graph = torch.jit.freeze(torch.jit.trace(model, noise(peer, 2, form), check_trace=False))
    return graph if form == "frozen" else torch.jit.optimize_for_inference(graph)


def seconds_an_image(model, peer, batch, form):
    pixels = noise(peer, batch, form)
    for _ in range(2):
        model(pixels)
    times = max(2, 16 // batch)
    start = time.perf_counter()
    for _ in range(times):
        model(pixels)
    return (time.perf_counter() - start) / (times * batch)


def find_choice(peer):
    """The form and batch that take the least time; larger batches are left out when there was no time to try them."""
    start = time.perf_counter()
    found = {}
    models = {form: prepared(peer, form) for form in ("frozen", "optimised")}
    for form, model in models.items():
        found[form, 4] = seconds_an_image(model, peer, 4, form)
    form = min(found, key=found.get)[0]
    for batch in (8, 1, 16, 32):
        if time.perf_counter() - start < TUNING:
            found[form, batch] = seconds_an_image(models[form], peer, batch, form)
    return min(found, key=found.get)


def torch_speed(kind, peer, threads, folder, choice):
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(1)
    form, batch = "plain", BATCH
    with torch.inference_mode() if kind == "tuned" else torch.no_grad():
        if kind == "tuned":
            form, batch = choice.split() if choice else find_choice(peer)
        model = prepared(peer, form)
        speed = loop_speed(model, peer, threads, folder, int(batch), form)
    return {"images_per_second": speed, "choice": f"{form} {batch}"}


def main(kind, backbone, threads, folder, choice=""):
    peer = PEERS[backbone]
    threads = int(threads)
    if kind == "script" and peer.keras:
        result = keras_speed(peer, threads, folder)
    else:
        result = torch_speed(kind, peer, threads, folder, choice)
    print(json.dumps(result))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
