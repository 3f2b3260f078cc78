#!/usr/bin/env python3
"""Measures the program as people run it: extraction on two ranks beside one, and the memory of a rank.

    program_bench.py BUILD_DIR [IMAGES]      IMAGES: a folder; default: copies of the test images
"""

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAM = str(Path(sys.argv[1]) / "coterie")
IMAGES = Path(__file__).resolve().parent.parent / "data/efficientnet_lite0/images"
ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
ROWS, COLUMNS, COPIES, ROUNDS = 400_000, 256, 400, 3


def run(ranks, *arguments):
    launcher = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks)] if ranks else []
    done = subprocess.run([*launcher, PROGRAM, *arguments], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    return done.stdout


def peak_memory(*arguments):
    """MiB resident at most, as the kernel counted it."""
    process = subprocess.Popen([PROGRAM, *arguments], env=ENVIRONMENT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, arguments
    return usage.ru_maxrss / 1024


def extraction(folder):
    images = sys.argv[2] if len(sys.argv) > 2 else os.path.join(folder, "images")
    if len(sys.argv) <= 2:
        os.makedirs(images)
        photographs = sorted(IMAGES.iterdir())
        for number in range(COPIES):
            source = photographs[number % len(photographs)]
            shutil.copy(source, os.path.join(images, f"{number:04}{source.suffix}"))
    study = os.path.join(folder, "study")
    run(0, "scan", "--study", study, "--images", images)
    seconds = {1: [], 2: []}
    for number in range(ROUNDS):
        for ranks in seconds:
            text = run(ranks, "extract", "--study", study, "--weights", "random:1", "--threads", "1", "--name", f"x{ranks}-{number}")
            count = int(re.search(r"features of (\d+) images", text).group(1))
            rate = float(re.search(r"rank 0: ([\d.]+) images/s", text).group(1))
            seconds[ranks].append(count / (rate * ranks))
    one, two = (statistics.median(values) for values in seconds.values())
    print(f"extract, {count} images: {one:.2f} s on 1 rank, {two:.2f} s on 2 ranks, {one / two:.2f} times as fast")


def memory(folder):
    path = os.path.join(folder, "rows.npy")
    # In a process of its own: to a child, the kernel counts the most that its parent ever held before exec.
    make = f"import numpy as np; np.save({path!r}, np.random.default_rng(1).standard_normal(({ROWS}, {COLUMNS}), dtype=np.float32))"
    subprocess.run([sys.executable, "-c", make], check=True)
    size = os.path.getsize(path) / 2**20
    study = os.path.join(folder, "vectors")
    run(0, "import", "--study", study, "--file", path)
    idle = peak_memory("info", "--study", study)
    print(f"the program alone, with its libraries: {idle:.0f} MiB; the rows: {size:.0f} MiB")
    for limit in (64, 256, 1024):
        budget = ("--memory", f"{limit}MiB", "--threads", "1", "--overwrite", "--study", study)
        reduced = peak_memory("reduce", "--components", "16", "--name", f"pca{limit}", *budget)
        clustered = peak_memory("cluster", "--raw", "--k", "16", "--n-init", "1", "--max-iter", "5", "--name", f"k{limit}", *budget)
        print(f"--memory {limit} MiB: reduce {reduced:.0f} MiB, cluster {clustered:.0f} MiB resident at most")


with tempfile.TemporaryDirectory() as scratch:
    memory(scratch)
    extraction(scratch)
