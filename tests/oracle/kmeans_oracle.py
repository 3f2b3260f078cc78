"""K-means beside scikit-learn's, over three data sets.

    python kmeans_oracle.py BUILD_DIR

From given centroids each of our Bounds gives scikit-learn's labels and iterations. Starts of our own are as good as
scikit-learn's: by the median inertia over 20 seeds, of k-means++, k-means|| (compared with k-means++, which the paper
says it equals) and mini-batches; and a sweep with warm starts is as good as a fit for each k.

Both sides draw at random, so medians of 20 differ by chance: CHANCE is what is taken as equal.

Covers: clustering tiles cluster
"""
import os
import subprocess
import sys
import tempfile

import numpy as np
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.datasets import load_digits, make_blobs

SEEDS, CHANCE, CHANCE_OF_BATCHES = 20, 1.005, 1.03
BOUNDS = ("automatic", "none", "hamerly", "yinyang", "elkan")  # in the order of the enum


def data_sets():
    # Whole numbers bring exact ties, which centroids rounded to float32 break another way: hence the jitter.
    digits = load_digits().data
    yield "digits", digits + 0.01 * np.random.default_rng(1).normal(size=digits.shape), 10
    yield "blobs", make_blobs(3000, 20, centers=40, cluster_std=1.5, random_state=3)[0], 40
    rng = np.random.default_rng(5)
    rows = np.maximum(rng.normal(size=(4000, 24)) @ rng.normal(size=(24, 64)), 0)
    yield "features", rows / np.linalg.norm(rows, axis=1, keepdims=True), 25


class Probe:
    def __init__(self, build, folder, rows):
        self.program = os.path.join(build, "tests", "clustering", "kmeans_probe")
        self.folder, self.path = folder, os.path.join(folder, "rows.npy")
        np.save(self.path, rows)

    def __call__(self, what, *arguments):
        command = [self.program, what, self.path, *map(str, arguments)]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return np.array([float(line) for line in lines.split()])

    def given(self, start, bounds):
        path = os.path.join(self.folder, "start.npy")
        np.save(path, start)
        found = self("given", path, BOUNDS.index(bounds))
        return int(found[0]), found[1], found[2:].astype(int)


def compare_median(what, ours, theirs, chance):
    good = len(ours) == SEEDS and np.median(ours) <= chance * np.median(theirs)
    print(f"  {what}: median inertia {np.median(ours):.6g}, scikit-learn {np.median(theirs):.6g}: {'ok' if good else 'WORSE'}")
    return good


def compare_given(probe, rows, k):
    """float64, so that scikit-learn's labels do not hang on float32 rounding."""
    start = rows[np.sort(np.random.default_rng(k).choice(len(rows), k, replace=False))]
    model = KMeans(k, init=start.astype(float), n_init=1, tol=0, algorithm="lloyd").fit(rows.astype(float))
    good = True
    for bounds in BOUNDS:
        iterations, inertia, labels = probe.given(start, bounds)
        same = np.array_equal(labels, model.labels_) and iterations == model.n_iter_
        same &= abs(inertia / model.inertia_ - 1) < 1e-6  # our centroids are rounded to float32
        good &= bool(same)
        if not same:
            differ = np.sum(labels != model.labels_) if len(labels) == len(rows) else "all"
            print(f"  from given centroids, {bounds}: {differ} labels differ, {iterations} and {model.n_iter_} iterations")
    print(f"  from given centroids, k = {k}: labels, iterations and inertia: {'ok' if good else 'WRONG'}")
    return good


def compare_sweep(probe, rows, k):
    ks = range(max(2, k - 8), k + 9, 4)
    ours = np.array([probe("sweep", seed, *ks) for seed in range(3)])
    theirs = np.array([KMeans(each, n_init=1, random_state=seed).fit(rows).inertia_ for each in ks for seed in range(5)])
    theirs = np.median(theirs.reshape(-1, 5), axis=1)  # of a single start
    # A warm start keeps what the smaller k settled on, for better or worse.
    good = ours.shape == (3, len(ks)) and np.all(np.diff(ours) <= 0) and np.mean(ours / theirs) <= 1.03
    print(f"  warm starts: inertia falls with k, {np.mean(ours / theirs):.4f} of scikit-learn's: {'ok' if good else 'WORSE'}")
    return good


def main(build):
    good = True
    for name, rows, k in data_sets():
        rows = np.ascontiguousarray(rows, dtype=np.float32)
        print(name)
        with tempfile.TemporaryDirectory() as folder:
            probe = Probe(build, folder, rows)
            good &= compare_given(probe, rows, k) and compare_given(probe, rows, 3 * k)
            theirs = np.array([KMeans(k, n_init=1, random_state=seed).fit(rows).inertia_ for seed in range(SEEDS)])
            for way in ("plus_plus", "parallel"):
                good &= compare_median(way, probe("inertias", k, SEEDS, way), theirs, CHANCE)
            batches = [MiniBatchKMeans(k, n_init=1, random_state=seed).fit(rows).inertia_ for seed in range(SEEDS)]
            good &= compare_median("minibatch", probe("inertias", k, SEEDS, "minibatch"), batches, CHANCE_OF_BATCHES)
            good &= compare_sweep(probe, rows, k)
    return int(not good)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
