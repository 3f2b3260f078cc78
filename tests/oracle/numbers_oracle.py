"""Compares reduction and evaluation with scikit-learn on fresh random rows.

    python numbers_oracle.py BUILD_DIR [SEED]

Ends with 1 and the figures when something differs by more than the bound printed beside it.

Covers: reduction evaluation
"""

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from sklearn import metrics
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler, normalize

from ranks import run_on

PROBE = Path(sys.argv[1]) / "tests" / "evaluation" / "numbers_probe"
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else int.from_bytes(os.urandom(4), "little")
PCA_SHAPES = [(2, 3), (50, 7), (40, 90), (1500, 64), (5000, 300)]
EVALUATE_SHAPES = [(30, 2, 3), (700, 16, 5), (2000, 128, 20)]  # rows, columns, clusters
failures = 0


def check(what, difference, bound):
    global failures
    good = difference <= bound
    failures += not good
    print(f"{'ok  ' if good else 'FAIL'} {what}: {difference:.2e} (at most {bound:.0e})")


def prepared(x, normalise):
    x = x.astype(np.float64)
    return {"none": x, "standard": StandardScaler().fit_transform(x), "l2": normalize(x)}[normalise]


def open_signs(ours, theirs):
    """-1 for each axis that the two turn round though both make its largest entry positive: two entries tie for that."""
    largest = np.sort(np.abs(theirs), axis=1)[:, ::-1]
    ties = largest[:, 1] > (1 - 1e-9) * largest[:, 0] if theirs.shape[1] > 1 else np.zeros(len(theirs), bool)
    return np.where(ties & (np.sum(ours * theirs, axis=1) < 0), -1, 1)


def check_pca(rng, folder, shape, normalise, solver, ranks):
    n, d = shape
    x = (rng.standard_normal(shape) * np.geomspace(3, 0.5, d) + rng.standard_normal(d)).astype(np.float32)
    np.save(folder / "rows.npy", x)
    run_on(ranks, PROBE, "pca", folder / "rows.npy", normalise, 0, 0.97, solver, folder / "out")
    got = {name: np.load(folder / f"out_{name}.npy") for name in ("components", "variance", "ratio", "singular", "projected")}
    y = prepared(x, normalise)
    pca = PCA(0.97, svd_solver="full").fit(y)
    k = pca.n_components_
    what = f"pca {n}x{d} {normalise} {solver} on {ranks}"
    if len(got["variance"]) != k:
        return check(f"{what} components kept", abs(len(got["variance"]) - k), 0)
    check(f"{what} variance", np.max(np.abs(got["variance"] - pca.explained_variance_)) / pca.explained_variance_[0], 1e-12)
    check(f"{what} ratio", np.max(np.abs(got["ratio"] - pca.explained_variance_ratio_)), 1e-12)
    check(f"{what} singular", np.max(np.abs(got["singular"] - pca.singular_values_)) / pca.singular_values_[0], 1e-11)
    # An axis is as well determined as its variance is apart from its neighbours'.
    gap = min(np.diff(-np.append(pca.explained_variance_, 0)).min() / pca.explained_variance_[0], 1) if k > 1 else 1
    axes = got["components"].reshape(k, d)
    signs = open_signs(axes, pca.components_)
    check(f"{what} axes", np.max(np.abs(signs[:, None] * axes - pca.components_)), 1e-13 / gap + 1e-12)
    scale = np.max(np.abs(pca.transform(y)))
    check(f"{what} projected", np.max(np.abs(signs * got["projected"].reshape(n, k) - pca.transform(y))) / scale, 1e-7 + 1e-12 / gap)


def check_evaluation(rng, folder, shape, ranks):
    n, d, clusters = shape
    labels = rng.integers(0, clusters, n).astype(np.int32)
    other = np.where(rng.random(n) < 0.4, rng.integers(0, clusters + 1, n), labels).astype(np.int32)
    x = (rng.standard_normal((n, d)) + 1.5 * rng.standard_normal((clusters, d))[labels] + 20).astype(np.float32)
    x[1] = x[0]
    for name, array in (("rows", x), ("labels", labels), ("other", other)):
        np.save(folder / f"{name}.npy", array)
    run_on(ranks, PROBE, "evaluate", *(folder / f"{name}.npy" for name in ("rows", "labels", "other")), folder / "out")
    got = {name: np.load(folder / f"out_{name}.npy") for name in ("silhouette", "other_silhouette", "scores", "agreement")}
    y, what = x.astype(np.float64), f"evaluate {n}x{d} in {clusters} on {ranks}"
    check(f"{what} silhouette", np.max(np.abs(got["silhouette"] - metrics.silhouette_samples(y, labels))), 1e-5)
    check(f"{what} other silhouette", np.max(np.abs(got["other_silhouette"] - metrics.silhouette_samples(y, other))), 1e-5)
    inertia = sum(((y[labels == k] - y[labels == k].mean(axis=0)) ** 2).sum() for k in np.unique(labels))
    scores = [inertia, metrics.calinski_harabasz_score(y, labels), metrics.davies_bouldin_score(y, labels)]
    check(f"{what} scores", np.max(np.abs(got["scores"] / scores - 1)), 1e-7)
    table = metrics.cluster.contingency_matrix(labels, other)
    expected = [metrics.adjusted_rand_score(labels, other), metrics.normalized_mutual_info_score(labels, other),
                metrics.adjusted_mutual_info_score(labels, other),
                *metrics.homogeneity_completeness_v_measure(labels, other), table.max(axis=0).sum() / n]
    check(f"{what} agreement", np.max(np.abs(got["agreement"] - expected)), 1e-11)


def main():
    print(f"seed {SEED}")
    rng = np.random.default_rng(SEED)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for i, shape in enumerate(PCA_SHAPES):
            for j, normalise in enumerate(("none", "standard", "l2")):
                check_pca(rng, folder, shape, normalise, ("covariance", "tsqr")[(i + j) % 2], 1 + (i + j) % 3)
        for i, shape in enumerate(EVALUATE_SHAPES):
            check_evaluation(rng, folder, shape, 1 + i % 3)
    print("numbers: all agree" if failures == 0 else f"numbers: {failures} differ")
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
