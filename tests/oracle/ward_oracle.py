"""Ward's tree as scipy and scikit-learn make it.

    python ward_oracle.py BUILD_DIR

Against scipy.cluster.hierarchy.linkage on the same float32 rows in double: the heights to 1e-11 of the largest (rows far
from the origin to 1e-9: scipy takes distances once and updates them, with the rounding of each merge), the numbering
and sizes of the whole table wherever heights do not tie, and the same partition at every cut that ties do not make a
matter of taste; against AgglomerativeClustering the same labels (adjusted Rand index 1).

Covers: ward tiles
"""
import os
import subprocess
import sys
import tempfile

import numpy as np
from scipy.cluster.hierarchy import is_valid_linkage, linkage
from sklearn.cluster import AgglomerativeClustering
from sklearn.datasets import load_digits, make_blobs
from sklearn.metrics import adjusted_rand_score

CUTS = (1, 2, 3, 5, 10, 40, 150)


def features(rng, rows, columns):
    hidden = np.maximum(rng.normal(size=(30, 24))[rng.integers(0, 30, rows)] + 0.5 * rng.normal(size=(rows, 24)), 0)
    rows = np.maximum(hidden @ rng.normal(size=(24, columns)), 0)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def data_sets():
    """name, rows, whether heights other than 0 may tie, tolerance relative to the largest height"""
    rng = np.random.default_rng(11)
    yield "normal", rng.normal(size=(700, 10)), False, 1e-11
    yield "one column", rng.random((900, 1)), False, 1e-11
    yield "plane", rng.normal(size=(2500, 2)), False, 1e-11
    yield "wide", rng.normal(size=(300, 3000)), False, 1e-11
    yield "blobs", make_blobs(2000, 20, centers=40, cluster_std=1.5, random_state=3)[0], False, 1e-11
    yield "features", features(rng, 3000, 256), False, 1e-11
    yield "far away", 3000 + rng.normal(size=(800, 16)), False, 1e-9
    yield "uneven columns", rng.normal(size=(600, 8)) * 10.0 ** np.arange(-3, 5), False, 1e-11
    yield "two far groups", rng.normal(size=(600, 6)) + 3e4 * np.sign(rng.normal(size=(600, 1))), False, 1e-9
    yield "duplicates", rng.normal(size=(150, 6))[rng.integers(0, 150, 1000)], False, 1e-11
    yield "digits", load_digits().data, True, None


def labels_of(merges, rows, k):
    """The clusters when the last k - 1 of these merges are undone."""
    parent = np.arange(rows + len(merges))
    for step, merge in enumerate(merges[: rows - k]):
        parent[int(merge[0])] = parent[int(merge[1])] = rows + step
    for node in range(len(parent) - 1, -1, -1):
        parent[node] = parent[parent[node]]
    return np.unique(parent[:rows], return_inverse=True)[1]


def same_partition(a, b):
    pairs = len(np.unique(np.stack([a, b]), axis=1)[0])
    return pairs == len(np.unique(a)) == len(np.unique(b))


def run(build, rows, cuts):
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, name) for name in ("rows.npy", "merges.npy", "labels.npy")]
        np.save(paths[0], rows)
        probe = os.path.join(build, "tests", "clustering", "ward_probe")
        subprocess.run([probe, *paths, "2", *map(str, cuts)], check=True)
        return np.load(paths[1]), np.load(paths[2])


def check(build, name, rows, tolerance):
    cuts = [k for k in CUTS if k <= len(np.unique(rows, axis=0))]
    ours, labels = run(build, rows, cuts)
    theirs = linkage(rows.astype(np.float64), "ward")
    faults = []
    try:
        is_valid_linkage(ours, throw=True)
    except ValueError as error:
        faults.append(str(error))
    if np.any(np.diff(ours[:, 2]) < 0):
        faults.append("heights fall")
    off = np.abs(ours[:, 2] - theirs[:, 2]).max() / theirs[-1, 2]
    if not off <= tolerance:
        faults.append("heights differ")
    apart = np.diff(theirs[:, 2]) > 4 * tolerance * theirs[-1, 2]  # a cut between two equal heights may fall either way
    first_apart = int(np.argmax(theirs[:, 2] > 4 * tolerance * theirs[-1, 2]))  # after the duplicates
    if first_apart == 0 and apart.all() and not np.array_equal(ours[:, [0, 1, 3]], theirs[:, [0, 1, 3]]):
        faults.append("numbering differs")
    differ = sum(
        not same_partition(labels_of(ours, len(rows), k), labels_of(theirs, len(rows), k))
        for k in range(2, len(rows) - first_apart)
        if apart[len(rows) - k - 1] and (k < 60 or k % 13 == 0)
    )
    if differ:
        faults.append(f"{differ} cuts differ")
    for k, ours_at_k in zip(cuts, labels):
        if not same_partition(ours_at_k, labels_of(ours, len(rows), k)):
            faults.append(f"cut() differs from its tree at k = {k}")
        learned = AgglomerativeClustering(k, linkage="ward").fit_predict(rows.astype(np.float64))
        if (k == 1 or apart[len(rows) - k - 1]) and adjusted_rand_score(learned, ours_at_k) != 1:
            faults.append(f"scikit-learn's labels differ at k = {k}")
    print(f"{name} {rows.shape}: heights within {off:.1e}: {'ok' if not faults else '; '.join(faults)}", flush=True)
    return not faults


def check_with_ties(build, name, rows):
    """Where heights tie, trees differ (ward_test.cpp checks ours step by step); but what merges add, adds up."""
    ours, _ = run(build, rows, [10])
    theirs = linkage(rows.astype(np.float64), "ward")
    total = [np.sum(merges[:, 2] ** 2) / 2 for merges in (ours, theirs)]
    scatter = np.sum((rows - rows.astype(np.float64).mean(axis=0)) ** 2)  # what all merges add up to
    good = is_valid_linkage(ours) and abs(total[0] / scatter - 1) < 1e-12 and np.all(np.diff(ours[:, 2]) >= 0)
    print(f"{name} {rows.shape}: half the squared heights / total sum of squares = {total[0] / scatter:.15f}, "
          f"scipy {total[1] / scatter:.15f}: {'ok' if good else 'WRONG'}")
    return good


def main(build):
    good = True
    for name, rows, ties, tolerance in data_sets():
        rows = np.ascontiguousarray(rows, dtype=np.float32)
        good &= check_with_ties(build, name, rows) if ties else check(build, name, rows, tolerance)
    return int(not good)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
