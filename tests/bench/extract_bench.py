#!/usr/bin/env python3
"""Images per second, decoding included: coterie against the same network in Python torch, in one run.

    extract_bench.py BUILD_DIR [--images DIR] [--threads 1 2] [--backbones efficientnet_lite0 resnet50]

The peer is what a careful user writes: a DataLoader with as many workers as threads, channels-last, batches of 32, inference
mode, torch.set_num_threads(threads). Rounds alternate; the medians are compared.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
import torchvision
from PIL import Image

IMAGES = Path(__file__).resolve().parent.parent / "data" / "efficientnet_lite0" / "images"
transforms = torchvision.transforms


class Photos(torch.utils.data.Dataset):
    def __init__(self, folder, transform):
        self.paths = sorted(path for path in Path(folder).rglob("*") if path.is_file())
        self.transform = transform

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        return self.transform(Image.open(self.paths[index]).convert("RGB"))


def peer_model(backbone, weights):
    if backbone == "resnet50":
        model = torchvision.models.resnet50()
        model.fc = torch.nn.Identity()
        normalise = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
        return model, transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(), normalise])
    from efficientnet_lite_pytorch import EfficientNet

    model = EfficientNet.from_name("efficientnet-lite0")
    if weights != "random":
        model.load_state_dict(torch.load(weights))
    model._fc = torch.nn.Identity()
    bicubic = transforms.InterpolationMode.BICUBIC
    return model, transforms.Compose([transforms.Resize(256, bicubic), transforms.CenterCrop(224), transforms.ToTensor(),
                                      transforms.Normalize([127 / 255] * 3, [128 / 255] * 3)])


def peer_speed(backbone, weights, threads, folder):
    torch.set_num_threads(threads)
    model, transform = peer_model(backbone, weights)
    model = model.eval().to(memory_format=torch.channels_last)
    photos = Photos(folder, transform)
    loader = torch.utils.data.DataLoader(photos, batch_size=32, num_workers=threads)
    start = time.perf_counter()
    with torch.inference_mode():
        for batch in loader:
            model(batch.contiguous(memory_format=torch.channels_last))
    return len(photos) / (time.perf_counter() - start)


def our_speed(build, backbone, weights, threads, folder):
    program = Path(build) / "tests" / "bench" / "extract_bench"
    done = subprocess.run([program, backbone, weights, str(threads), folder], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def many_images(target, count):
    photos = [path for path in sorted(IMAGES.iterdir()) if Image.open(path).mode == "RGB"]
    for number in range(count):
        source = photos[number % len(photos)]
        shutil.copy(source, Path(target) / f"{number:04}{source.suffix}")


def find_weights(backbone):
    folder = Path(os.environ.get("COTERIE_WEIGHTS", Path.home() / ".cache/coterie/weights"))
    files = sorted(folder.glob("efficientnet*lite0*.pth")) if backbone == "efficientnet_lite0" else []
    return str(files[0]) if files else "random"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build")
    parser.add_argument("--images", help="folder; default: copies of the test images")
    parser.add_argument("--count", type=int, default=192, help="how many copies")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--backbones", nargs="+", default=["efficientnet_lite0", "resnet50"])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if not options.images:
            many_images(folder, options.count)
        for backbone in options.backbones:
            weights = find_weights(backbone)
            for threads in options.threads:
                images = options.images or folder
                os.sched_setaffinity(0, range(threads))  # both sides, with their decoders, on this many cores
                rounds = [(our_speed(options.build, backbone, weights, threads, images),
                           peer_speed(backbone, weights, threads, images)) for _ in range(options.rounds)]
                ours = statistics.median(mine["images_per_second"] for mine, _ in rounds)
                peer = statistics.median(theirs for _, theirs in rounds)
                mine = rounds[-1][0]
                share = mine["network"] / (mine["network"] + mine["decode"])
                print(f"{backbone}, {threads} thread(s): coterie {ours:.1f} images/s, Python torch {peer:.1f}, "
                      f"ratio {ours / peer:.2f} (network {share:.0%} of our processor time)", flush=True)


if __name__ == "__main__":
    sys.exit(main())
