"""Training steps of DeepCluster's networks, decoding included, beside PyTorch on as many threads.

    python training_bench.py BUILD_DIR [THREADS]

One JPEG of 500 x 375 pixels is decoded, cropped and flipped for each image of a batch, on both sides in THREADS threads;
then a step of SGD. Rounds alternate, since other work on the machine changes its speed; the ratio is that of the medians.
"""
import io
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from PIL import Image
from torch import nn
from torchvision import transforms

CASES = (("deepcluster_alexnet", 32, 3), ("deepcluster_vgg16", 4, 2))  # backbone, batch, steps of a round
ROUNDS = 3


def network_of(backbone):
    layers, inputs = [], 2
    if backbone == "deepcluster_alexnet":
        shapes, pool = ((96, 11, 4, 2, 1), (256, 5, 1, 2, 1), (384, 3, 1, 1, 0), (384, 3, 1, 1, 0), (256, 3, 1, 1, 1)), nn.MaxPool2d(3, 2)
        dense = [nn.Dropout(), nn.Linear(9216, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 6)]
    else:
        channels, pooled = (64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512), (1, 3, 6, 9, 12)
        shapes, pool = [(c, 3, 1, 1, i in pooled) for i, c in enumerate(channels)], nn.MaxPool2d(2, 2)
        dense = [nn.Linear(25088, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 6)]
    for outputs, kernel, stride, padding, is_pooled in shapes:
        layers += [nn.Conv2d(inputs, outputs, kernel, stride, padding), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
        layers += [pool] if is_pooled else []
        inputs = outputs
    return nn.Sequential(*layers, nn.Flatten(), *dense)


class Peer:
    """PyTorch's side: the network stays, so that only steps are timed."""

    def __init__(self, backbone, batch, jpeg, threads):
        self.network, self.batch, self.jpeg = network_of(backbone), batch, jpeg
        self.optimiser = torch.optim.SGD(self.network.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-5)
        self.pool = ThreadPoolExecutor(threads)
        self.sobel = nn.Conv2d(3, 2, 3, 1, 1)
        self.view = transforms.Compose([transforms.RandomResizedCrop(224), transforms.RandomHorizontalFlip(), transforms.ToTensor(),
                                        transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])

    def load(self, _):
        return self.view(Image.open(io.BytesIO(self.jpeg)).convert("RGB"))

    def images_a_second(self, steps):
        times = []
        for _ in range(steps):
            start = time.perf_counter()
            pixels = torch.stack(list(self.pool.map(self.load, range(self.batch))))
            with torch.no_grad():
                pixels = self.sobel(pixels)
            loss = nn.functional.cross_entropy(self.network(pixels), torch.arange(self.batch) % 6)
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            times.append(time.perf_counter() - start)
        return self.batch / float(np.median(times))


def main():
    program, threads = os.path.join(sys.argv[1], "tests", "bench", "training_bench"), int(sys.argv[2]) if len(sys.argv) > 2 else 2
    torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory() as place:
        jpeg = os.path.join(place, "image.jpg")
        noise = np.random.default_rng(1).integers(0, 256, (38, 50, 3), dtype=np.uint8)
        Image.fromarray(noise).resize((500, 375), Image.BICUBIC).save(jpeg, quality=90)
        with open(jpeg, "rb") as file:
            content = file.read()
        for backbone, batch, steps in CASES:
            peer, ours, theirs, said = Peer(backbone, batch, content, threads), [], [], ""
            for _ in range(ROUNDS):
                said = subprocess.run([program, backbone, "1", "224", str(batch), str(steps), str(threads), jpeg], check=True, capture_output=True, text=True).stdout
                ours.append(float(said.split()[0]))
                theirs.append(peer.images_a_second(steps))
            ratio = np.median(ours) / np.median(theirs)
            print(f"{backbone}, batches of {batch}, {threads} threads: {np.median(ours):.2f} images/s, PyTorch {torch.__version__} {np.median(theirs):.2f}: "
                  f"{ratio:.2f} times; {said.split(', ', 1)[1].strip()}", flush=True)


if __name__ == "__main__":
    main()
