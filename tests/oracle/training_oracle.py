"""DeepCluster's training repeated by PyTorch from what coterie drew, in a narrow network on 2 ranks.

    python training_oracle.py BUILD_DIR

coterie writes its first weights, which image each position of an epoch takes, crops, flips, labels, top layers and each
step's loss (train --trace). Here the same steps are made by torch.nn and torch.optim in a network with the origin's
names, on images that Pillow crops. Dropout masks and crops are drawn here by a Philox of our own, and torchvision's
RandomResizedCrop.get_params makes of these draws the crops that coterie made. Losses agree to 1e-5, and parameters,
running statistics and momenta after two epochs to 1e-4; the checkpoint is loaded by torch.load and load_state_dict. The same of
the variational autoencoder, whose noise and crops are drawn here, too, with losses to 1e-5 of themselves.

Covers: training train joblib_dictionary pickle_writer published_training
"""
import math
import os
import subprocess
import sys
import tempfile

import h5py
import joblib
import numpy as np
import torch
from PIL import Image
from torch import nn
from torchvision.transforms import transforms
from torchvision.transforms import functional as F

from ranks import run_on

SEED, SIDE, BATCH, CLUSTERS, EPOCHS = 31, 64, 16, 4, 2
VIEW, DROPOUT, NOISE = 32, 33, 34  # Purpose of coterie/base/random.hpp
IMAGES = 42


def bits(seed, purpose, step, index, second=False):
    """Philox4x32-10 (Salmon et al. 2011): the first or the second 64 of its 128 bits, for an array of indices."""
    index = np.asarray(index, np.uint64)
    low = np.uint64(0xFFFFFFFF)
    c = [index & low, index >> np.uint64(32), np.full_like(index, step), np.full_like(index, purpose)]
    k0, k1 = seed & 0xFFFFFFFF, seed >> 32
    for _ in range(10):
        a, b = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(b >> np.uint64(32)) ^ c[1] ^ np.uint64(k0), b & low, (a >> np.uint64(32)) ^ c[3] ^ np.uint64(k1), a & low]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c[2] | c[3] << np.uint64(32) if second else c[0] | c[1] << np.uint64(32)


def uniform(*where):
    return float(bits(*where) >> np.uint64(11)) * 2.0**-53


def normal(*where):
    """By Box and Muller."""
    first, second = ((bits(*where, second=half) >> np.uint64(11)).astype(np.float64) * 2.0**-53 for half in (False, True))
    return np.sqrt(-2 * np.log(1 - first)) * np.cos(2 * np.pi * second)


class Draws:
    """What torchvision takes from torch while it draws a crop: here from coterie's numbers, in double."""

    def __init__(self, epoch, position):
        self.next, self.epoch = position * 64, epoch

    def draw(self):
        self.next += 1
        return uniform(SEED, VIEW, self.epoch, self.next - 1)

    def __getattr__(self, name):
        return getattr(torch, name)

    def tensor(self, values):
        return torch.tensor(values, dtype=torch.float64)

    def empty(self, _):
        return self

    def uniform_(self, low, high):
        return torch.tensor([float(low) + (float(high) - float(low)) * self.draw()], dtype=torch.float64)

    def randint(self, _, high, size):
        return torch.tensor([int(self.draw() * high)])


def crop_of(image, epoch, position):
    before, transforms.torch = transforms.torch, Draws(epoch, position)
    try:
        top, left, height, width = transforms.RandomResizedCrop.get_params(image, (0.08, 1.0), (3 / 4, 4 / 3))
    finally:
        transforms.torch = before
    return left, top, width, height


class Dropout(nn.Module):
    """Half of the numbers of each position, by coterie's draws."""

    def __init__(self, number):
        super().__init__()
        self.number, self.epoch, self.first = number, 0, 0

    def forward(self, values):
        draws = -(-values.shape[1] // 64)
        index = (self.first + np.arange(values.shape[0]))[:, None] * draws + np.arange(draws)
        words = bits(SEED, DROPOUT, self.epoch * 16 + self.number, index)
        mask = (words[:, :, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
        return values * torch.from_numpy(mask.reshape(len(mask), -1)[:, : values.shape[1]].astype(np.float32)) * 2


class DeepCluster(nn.Module):
    """AlexNet as facebookresearch/deepcluster names it, of these numbers of channels."""

    def __init__(self, channels, dense, flat):
        super().__init__()
        layers, inputs = [], 2
        for outputs, kernel, stride, padding, pooled in zip(channels, (11, 5, 3, 3, 3), (4, 1, 1, 1, 1), (2, 2, 1, 1, 1), (1, 1, 0, 0, 1)):
            layers += [nn.Conv2d(inputs, outputs, kernel, stride, padding), nn.BatchNorm2d(outputs), nn.ReLU()]
            layers += [nn.MaxPool2d(3, 2)] if pooled else []
            inputs = outputs
        self.features = nn.DataParallel(nn.Sequential(*layers))
        self.classifier = nn.Sequential(Dropout(0), nn.Linear(flat, dense), nn.ReLU(), Dropout(1), nn.Linear(dense, dense), nn.ReLU())
        self.top_layer = nn.Linear(dense, CLUSTERS)
        grey, gradients = nn.Conv2d(3, 1, 1), nn.Conv2d(1, 2, 3, 1, 1)
        self.sobel = nn.Sequential(grey, gradients)

    def forward(self, pixels):
        with torch.no_grad():
            pixels = self.sobel(pixels)
        return self.top_layer(self.classifier(self.features(pixels).flatten(1)))

    def draws_of(self, epoch, first):
        for module in self.classifier:
            if isinstance(module, Dropout):
                module.epoch, module.first = epoch, first


def make_images(folder):
    """Smooth noise of many sizes and shapes, some too long for any crop to fit at the first attempt; nowhere saturated: in
    a flat area all outputs of a convolution are equal but for rounding, which then decides whom a max-pool hands its
    gradient to."""
    rng = np.random.default_rng(4)
    os.makedirs(folder)
    for i in range(IMAGES):
        height, width = (40, 400) if i % 10 == 3 else rng.integers(50, 160, 2)
        small = rng.integers(70, 186, (6, 6, 3), dtype=np.uint8)
        Image.fromarray(small).resize((int(width), int(height)), Image.BICUBIC).save(os.path.join(folder, f"{i}.png"))


def network_of(checkpoint):
    state = checkpoint["state_dict"]
    channels = [state[f"features.module.{m}.weight"].shape[0] for m in (0, 4, 8, 11, 14)]
    dense, flat = state["classifier.1.weight"].shape
    network = DeepCluster(channels, dense, flat)
    top = {"top_layer.weight": torch.zeros(CLUSTERS, dense), "top_layer.bias": torch.zeros(CLUSTERS)}
    network.load_state_dict({**top, **state}, strict=True)
    return network


def views(folder, paths, trace, epoch):
    """The pixels of each position; how many crops differ from torchvision's."""
    rows, boxes = trace(f"rows-{epoch}"), trace(f"views-{epoch}")
    pixels, mismatches = [], 0
    for position, (row, (x, y, width, height, flip)) in enumerate(zip(rows, boxes)):
        image = Image.open(os.path.join(folder, paths[row])).convert("RGB")
        mismatches += crop_of(image, epoch, position) != (x, y, width, height)
        mismatches += (uniform(SEED, VIEW, epoch, position * 64 + 63) < 0.5) != bool(flip)
        view = image.crop((x, y, x + width, y + height)).resize((SIDE, SIDE), Image.BILINEAR)
        view = view.transpose(Image.FLIP_LEFT_RIGHT) if flip else view
        pixels.append(F.normalize(F.to_tensor(view), [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
    return torch.stack(pixels), mismatches


def replay(network, folder, paths, trace):
    """The losses' and the crops' largest difference over all epochs; the optimiser of the backbone."""
    network.train()
    body = [p for name, p in network.named_parameters() if not name.startswith(("top_layer", "sobel"))]
    optimiser = torch.optim.SGD(body, lr=0.05, momentum=0.9, weight_decay=1e-5)
    worst, crops = 0.0, 0
    for epoch in range(EPOCHS):
        pixels, mismatches = views(folder, paths, trace, epoch)
        crops += mismatches
        labels, losses = torch.from_numpy(trace(f"labels-{epoch}").astype(np.int64)), trace(f"losses-{epoch}")
        network.top_layer.weight.data = torch.from_numpy(trace(f"top-{epoch}"))
        network.top_layer.bias.data.zero_()
        top = torch.optim.SGD(network.top_layer.parameters(), lr=0.05, weight_decay=1e-5)
        for step, first in enumerate(range(0, len(labels), BATCH)):
            network.draws_of(epoch, first)
            loss = nn.functional.cross_entropy(network(pixels[first : first + BATCH]), labels[first : first + BATCH])
            optimiser.zero_grad()
            top.zero_grad()
            loss.backward()
            optimiser.step()
            top.step()
            worst = max(worst, abs(loss.item() - losses[step]))
    return worst, crops, optimiser


class Autoencoder(nn.Module):
    def __init__(self, pixels, hidden, latent):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(pixels, hidden), nn.ReLU())
        self.mean, self.log_variance = nn.Linear(hidden, latent), nn.Linear(hidden, latent)
        self.decoder = nn.Sequential(nn.Linear(latent, hidden), nn.ReLU(), nn.Linear(hidden, pixels), nn.Sigmoid())

    def loss(self, pixels, noise):
        hidden = self.encoder(pixels)
        mean, log_variance = self.mean(hidden), self.log_variance(hidden)
        made = self.decoder(mean + (log_variance / 2).exp() * noise)
        crossed = nn.functional.binary_cross_entropy(made, pixels, reduction="sum") / len(pixels)
        return crossed + 0.5 * (log_variance.exp() + mean**2 - 1 - log_variance).sum(1).mean()


def grey_crop(path, epoch, position):
    """torchvision's RandomCrop(pad_if_needed=True) and Grayscale, with coterie's draws."""
    image = Image.open(path).convert("RGB").convert("L")
    image = F.pad(image, [max(0, SIDE - image.width), max(0, SIDE - image.height)])
    left, top = (int(uniform(SEED, VIEW, epoch, position * 64 + axis) * (length - SIDE + 1)) for axis, length in enumerate(image.size))
    return F.to_tensor(image.crop((left, top, left + SIDE, top + SIDE))).flatten()


def check_autoencoder(program, place, study):
    traced = os.path.join(place, "trace-vae")
    run_on(2, program, "train", "--study", study, "--method", "vae", "--image-size", SIDE, "--epochs", EPOCHS, "--batch", BATCH, "--seed", SEED,
           "--trace", traced, stdout=subprocess.DEVNULL)
    trace = lambda name: np.load(os.path.join(traced, name + ".npy"))
    with open(os.path.join(traced, "paths.txt"), encoding="utf-8") as file:
        paths = [os.path.join(place, "images", path) for path in file.read().split("\n")]
    start, made = (torch.load(path) for path in (os.path.join(traced, "start.pth.tar"), os.path.join(study, "checkpoints", "vae.checkpoint.pth.tar")))
    hidden, pixels = start["state_dict"]["encoder.0.weight"].shape
    latent = len(start["state_dict"]["mean.bias"])
    network = Autoencoder(pixels, hidden, latent)
    network.load_state_dict(start["state_dict"])
    optimiser, steps, worst = torch.optim.Adam(network.parameters(), lr=0.001), 0, 0.0
    for epoch in range(EPOCHS):
        rows, losses = trace(f"rows-{epoch}"), trace(f"losses-{epoch}")
        images = torch.stack([grey_crop(paths[row], epoch, position) for position, row in enumerate(rows)])
        noise = torch.from_numpy(normal(SEED, NOISE, epoch, np.arange(len(rows) * latent)).astype(np.float32)).reshape(-1, latent)
        for step, first in enumerate(range(0, len(rows), BATCH)):
            steps += 1
            optimiser.param_groups[0]["lr"] = 0.001 * min(1, steps / 100)  # it begins slowly
            loss = network.loss(images[first : first + BATCH], noise[first : first + BATCH])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            worst = max(worst, abs(loss.item() / losses[step] - 1))
    state = network.state_dict()
    parameters = max(((values - state[name]).abs().max() / state[name].abs().max()).item() for name, values in made["state_dict"].items())
    print(f"autoencoder: losses differ by {worst:.2g} of themselves at most, parameters by {parameters:.2g} of each tensor's largest")
    assert worst < 1e-5 and parameters < 1e-4
    torch.optim.Adam(network.parameters()).load_state_dict(made["optimizer"])
    network.load_state_dict(made["state_dict"])
    check_latent_means(program, study, network, paths)


def check_latent_means(program, study, network, paths):
    """Features of --backbone vae: the means of the latent numbers of torchvision's CenterCrop, which is grey in float32."""
    run_on(2, program, "extract", "--study", study, "--backbone", "vae", "--weights", os.path.join(study, "checkpoints", "vae.checkpoint.pth.tar"),
           stdout=subprocess.DEVNULL)
    weights = torch.tensor([0.299, 0.587, 0.114])
    crops = [F.to_tensor(F.center_crop(Image.open(path).convert("RGB"), [SIDE, SIDE])).permute(1, 2, 0) @ weights for path in paths if os.path.isfile(path)]
    with torch.no_grad():
        wanted = network.mean(network.encoder(torch.stack(crops).flatten(1))).numpy()
    with h5py.File(os.path.join(study, "features", "vae.h5")) as file:
        found = file["features"][()]
    worst = np.abs(found - wanted).max() / np.abs(wanted).max()
    print(f"latent means differ by {worst:.2g} of the largest at most")
    assert worst < 1e-5


def check_joblib(program, study, made):
    """What export --as study1 writes of DeepCluster: joblib's and torch's own readers find the features and the weights."""
    weights = os.path.join(study, "checkpoints", "deepcluster_alexnet.checkpoint.pth.tar")
    for command in (("extract", "--backbone", "deepcluster_alexnet", "--weights", weights), ("cluster", "--raw", "--k", "2", "--name", "own"),
                    ("export", "--as", "study1", "--write-features")):
        subprocess.run([program, command[0], "--study", study, *command[1:]], check=True, stdout=subprocess.DEVNULL)
    stem = os.path.join(study, "tables", "own-k2", f"deepcluster_alexnet_ARCH=alexnet_K={CLUSTERS}_EPOCH=")
    found = joblib.load(f"{stem}{EPOCHS}.pickle")
    with h5py.File(os.path.join(study, "features", "deepcluster_alexnet.h5")) as file:
        wanted = dict(zip(file["path"].asstr()[()], file["features"][()], strict=True))
    assert found.keys() <= wanted.keys() and len(found) > 10
    assert all(row.dtype == np.float32 and (row == wanted[path]).all() for path, row in found.items())
    again = torch.load(f"{stem}{EPOCHS - 1}_checkpoint.pth.tar")
    assert again["epoch"] == EPOCHS and list(again["state_dict"]) == list(made["state_dict"])


def main():
    build = os.path.abspath(sys.argv[1])
    torch.set_num_threads(2)
    with tempfile.TemporaryDirectory() as place:
        images, study, traced = (os.path.join(place, name) for name in ("images", "study", "trace"))
        make_images(images)
        program = os.path.join(build, "coterie")
        subprocess.run([program, "scan", "--study", study, "--images", images], check=True, stdout=subprocess.DEVNULL)
        run_on(2, program, "train", "--study", study, "--width", "0.125", "--image-size", SIDE, "--clusters", CLUSTERS, "--epochs", EPOCHS,
               "--batch", BATCH, "--seed", SEED, "--trace", traced, stdout=subprocess.DEVNULL)
        with open(os.path.join(traced, "paths.txt"), encoding="utf-8") as file:
            paths = file.read().split("\n")
        network = network_of(torch.load(os.path.join(traced, "start.pth.tar")))
        made = torch.load(os.path.join(study, "checkpoints", "deepcluster_alexnet.checkpoint.pth.tar"))
        loss, crops, optimiser = replay(network, images, paths, lambda name: np.load(os.path.join(traced, name + ".npy")))
        check_joblib(program, study, made)
        check_autoencoder(program, place, study)

    print(f"{EPOCHS} epochs: crops and flips that differ from torchvision's {crops}, losses by {loss:.2g} at most")
    assert crops == 0 and loss < 1e-5
    assert made["epoch"] == EPOCHS and made["arch"] == "alexnet"
    state, worst = network.state_dict(), 0.0
    assert list(made["state_dict"]) == list(state)
    for name, values in made["state_dict"].items():
        difference = (values.double() - state[name].double()).abs().max().item() / max(1e-2, state[name].double().abs().max().item())
        worst = max(worst, difference)
    print(f"parameters and running statistics differ by {worst:.2g} of each tensor's largest at most")
    assert worst < 1e-4
    optimiser_of_theirs = torch.optim.SGD([torch.zeros_like(p) for p in optimiser.param_groups[0]["params"]], lr=1)
    optimiser_of_theirs.load_state_dict(made["optimizer"])
    momenta = 0.0
    for ours, theirs in zip(made["optimizer"]["state"].values(), optimiser.state.values()):
        ours, theirs = ours["momentum_buffer"], theirs["momentum_buffer"]
        momenta = max(momenta, (ours - theirs).abs().max().item() / max(1e-2, theirs.abs().max().item()))
    print(f"momenta differ by {momenta:.2g} of each tensor's largest at most")
    assert momenta < 1e-4 and math.isclose(made["optimizer"]["param_groups"][0]["lr"], 0.05)


if __name__ == "__main__":
    main()
