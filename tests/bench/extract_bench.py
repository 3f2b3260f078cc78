#!/usr/bin/env python3
"""Images per second from file to stored feature, for each network: coterie beside Python, on the same cores, in turns.

    extract_bench.py BUILD_DIR [--backbones vgg16 resnet50] [--threads 1 2] [--rounds 3] [--count 96] [--json FILE]

Three sides, each in a process of its own, bound to as many cores as threads: coterie (writing its features artifact; with
two threads also two ranks of one thread); `script`, what a researcher writes today (tf_keras or torch with a loader
for each core); `tuned`, what an expert makes of torch (extract_peer.py says how). Medians over rounds. Networks of more
than 8 GFLOP an image get fewer images, 32 at least.

The second table is of coterie on one thread: shares of its processor time, the waiting of the network's thread by the
clock, and the network's nominal flops (2 × taps × inputs × outputs) as a share of what the core can do at most.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from peer_networks import PEERS

HERE = Path(__file__).resolve().parent
SIZES = [(500, 375), (640, 427), (375, 500), (1024, 683), (800, 600), (640, 480)]  # of pictures as the web has them
CUTS = 24
MPI = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
KEEP_PAGES = dict(os.environ, MALLOC_MMAP_MAX_="0", MALLOC_TRIM_THRESHOLD_=str(2**31 - 1), MALLOC_TOP_PAD_=str(64 << 20))
CORES = sorted(os.sched_getaffinity(0))


def make_photographs(folder, count):
    """JPEG files cut from scikit-learn's two sample photographs; after the first CUTS, copies."""
    import numpy as np
    from PIL import Image
    from sklearn.datasets import load_sample_images

    draw = np.random.default_rng(1)
    photographs = [Image.fromarray(pixels) for pixels in load_sample_images().images]
    for number in range(count):
        path = Path(folder) / f"{number:05}.jpg"
        if number >= CUTS:
            shutil.copy(Path(folder) / f"{number % CUTS:05}.jpg", path)
            continue
        photograph, size = photographs[number % 2], SIZES[number % len(SIZES)]
        width, height = (int(side * draw.uniform(0.6, 1)) for side in photograph.size)
        left, top = (int(draw.uniform(0, whole - side)) for whole, side in zip(photograph.size, (width, height)))
        cut = photograph.crop((left, top, left + width, top + height)).resize(size, Image.LANCZOS)
        cut.save(path, quality=(75, 90)[number // 2 % 2])


def last_json(command, cores, environment):
    bind = lambda: os.sched_setaffinity(0, cores)
    done = subprocess.run([str(word) for word in command], env=environment, preexec_fn=bind, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


class Bench:
    def __init__(self, build, folder):
        self.programs = Path(build) / "tests" / "bench"
        self.folder = folder
        self.chosen = {}  # batch or form that the first round found best
        self.peak = 0.0  # GFLOP/s of a core, the most seen

    def images(self, count, gflop):
        wanted = max(32, min(count, int(count * 8 / gflop) // 32 * 32))
        folder = Path(self.folder) / f"images{wanted}"
        if not folder.exists():
            folder.mkdir()
            make_photographs(folder, wanted)
        return folder

    def ours(self, backbone, threads, ranks, images):
        launcher = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", ranks] if ranks > 1 else []
        key = backbone, threads, ranks
        store = Path(self.folder) / "features.h5"
        store.unlink(missing_ok=True)
        found = last_json([*launcher, self.programs / "extract_bench", backbone, threads, self.chosen.get(key, 0), images, store],
                          CORES[: threads * ranks], MPI)
        self.chosen[key] = found["batch"]
        return found

    def peer(self, kind, backbone, threads, images):
        key = kind, backbone, threads
        choice = [self.chosen[key]] if self.chosen.get(key) else []
        environment = KEEP_PAGES if kind == "tuned" else dict(os.environ)
        found = last_json([sys.executable, HERE / "extract_peer.py", kind, backbone, threads, images, *choice],
                          CORES[:threads], environment)
        self.chosen[key] = found.get("choice", "") if kind == "tuned" else ""
        return found["images_per_second"]

    def flops(self, backbone):
        """Nominal GFLOP of an image; on the way, what the core does at most."""
        done = subprocess.run([str(self.programs / "layers_bench"), backbone, "1", "1"], check=True, capture_output=True, text=True)
        numbers = re.search(r"and ([\d.]+) nominal GFLOP an image.* of the core's ([\d.]+)", done.stdout)
        self.peak = max(self.peak, float(numbers[2]))
        return float(numbers[1])


def shares(mine, gflop):
    """Of the processor time of one thread's run; `wait` of the clock's."""
    images = mine["images_here"]
    spent = mine["decode"] + mine["network"] + mine["commit"]
    before = mine["decode_ms"] + mine["geometry_ms"]
    arithmetic = 1e-3 * mine["arithmetic_ms"] * images
    network = mine["network"] - arithmetic
    return {"decode": mine["decode"] * mine["decode_ms"] / before / spent,
            "preprocess": (mine["decode"] * mine["geometry_ms"] / before + arithmetic) / spent,
            "network": network / spent, "write": mine["commit"] / spent, "wait": mine["wait"] / mine["total"],
            "gflops": gflop * images / network, "ms": {key: mine[key] for key in ("decode_ms", "geometry_ms", "arithmetic_ms")}}


def measure(bench, backbone, threads, rounds, images):
    """Medians of images per second of each side, and coterie's last times."""
    speeds, mine = {}, None

    def note(side, speed):
        speeds.setdefault(side, []).append(speed)

    for _ in range(rounds):
        mine = bench.ours(backbone, threads, 1, images)
        note("coterie", mine["images"] / mine["seconds"])
        if threads == 2:
            pair = bench.ours(backbone, 1, 2, images)
            note("two ranks", pair["images"] / pair["seconds"])
        if backbone in PEERS:
            for kind in ("script", "tuned"):
                note(kind, bench.peer(kind, backbone, threads, images))
    return {side: statistics.median(values) for side, values in speeds.items()}, mine


def print_speed(row):
    speeds = row["speeds"]
    ours = speeds["coterie"]
    cell = lambda side: f"{speeds[side]:.1f}" if side in speeds else ""
    ratio = lambda side: f"**{ours / speeds[side]:.2f}**" if side in speeds else ""
    print(f"| {row['backbone']} | {row['threads']} | {ours:.1f} | {cell('two ranks')} | {cell('script')} | {ratio('script')} | "
          f"{cell('tuned')} | {ratio('tuned')} | {row['library']} | {row['tuned']} | {row['batch']} |", flush=True)


def print_shares(rows, peak):
    print(f"\n| backbone | decode | preprocess | network | write | waiting | GFLOP an image | share of {peak:.0f} GFLOP/s | decode, "
          "geometry, arithmetic: ms an image |\n|---|---|---|---|---|---|---|---|---|")
    for row in rows:
        s = row["shares"]
        parts = " | ".join(f"{s[part]:.1%}" for part in ("decode", "preprocess", "network", "write", "wait"))
        print(f"| {row['backbone']} | {parts} | {row['gflop']:.2f} | {s['gflops'] / peak:.0%} | "
              + ", ".join(f"{value:.2f}" for value in s["ms"].values()) + " |")


def run(bench, options, names):
    rows = []
    print("| backbone | threads | coterie, images/s | two ranks × 1 | script | ratio | tuned torch | ratio | script is of | tuned: form, "
          "batch | our batch |\n|---|---|---|---|---|---|---|---|---|---|---|", flush=True)
    for backbone in names:
        gflop = bench.flops(backbone)
        images = options.images or bench.images(options.count, gflop)
        for threads in options.threads:
            if threads > len(CORES):
                continue
            speeds, mine = measure(bench, backbone, threads, options.rounds, images)
            peer = PEERS.get(backbone)
            row = {"backbone": backbone, "threads": threads, "speeds": speeds, "gflop": gflop, "batch": mine["batch"],
                   "layer": mine["layer"], "library": "" if not peer else "tf_keras" if peer.keras else "torch",
                   "tuned": bench.chosen.get(("tuned", backbone, threads), ""), "note": peer.note if peer else "has no peer"}
            if threads == 1:
                row["shares"] = shares(mine, gflop)
            rows.append(row)
            print_speed(row)
    print_shares([row for row in rows if "shares" in row], bench.peak)
    for backbone, note in {row["backbone"]: row["note"] for row in rows if row["note"]}.items():
        print(f"\n{backbone}: {note}")
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build")
    parser.add_argument("--backbones", nargs="+", help="default: each network once, of those that have a peer")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--count", type=int, default=96, help="images, at most")
    parser.add_argument("--images", help="a folder of photographs of your own")
    parser.add_argument("--json", help="write all numbers here too")
    options = parser.parse_args()
    program = Path(options.build) / "tests" / "bench" / "extract_bench"
    known = subprocess.run([program], check=True, capture_output=True, text=True).stdout.split()
    names = options.backbones or [name for name in known if name in PEERS]
    with tempfile.TemporaryDirectory() as folder:
        rows = run(Bench(options.build, folder), options, names)
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
