"""Clusters as good as scikit-learn's: over 20 seeds, the median inertia of one k-means++ start.

    python kmeans_oracle.py BUILD_DIR

Both draw at random, so medians of 20 differ by chance: up to 0.5 % above scikit-learn's is taken as equal.
"""
import os
import subprocess
import sys
import tempfile

import numpy as np
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits, make_blobs

SEEDS, CHANCE = 20, 1.005


def data_sets():
    yield "digits", load_digits().data, 10
    yield "blobs", make_blobs(3000, 20, centers=40, cluster_std=1.5, random_state=3)[0], 40
    rng = np.random.default_rng(5)
    rows = np.maximum(rng.normal(size=(4000, 24)) @ rng.normal(size=(24, 64)), 0)
    yield "features", rows / np.linalg.norm(rows, axis=1, keepdims=True), 25


def main(build):
    failed = False
    for name, rows, k in data_sets():
        rows = np.ascontiguousarray(rows, dtype=np.float32)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "rows.npy")
            np.save(path, rows)
            probe = os.path.join(build, "tests", "clustering", "kmeans_probe")
            lines = subprocess.run([probe, path, str(k), str(SEEDS)], check=True, capture_output=True, text=True).stdout
        ours = np.array([float(line) for line in lines.split()])
        theirs = np.array([KMeans(k, n_init=1, random_state=seed).fit(rows).inertia_ for seed in range(SEEDS)])
        good = len(ours) == SEEDS and np.median(ours) <= CHANCE * np.median(theirs)
        failed |= not good
        print(f"{name}: median inertia {np.median(ours):.6g}, scikit-learn {np.median(theirs):.6g}: "
              f"{'ok' if good else 'WORSE'}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
