"""Compares the evidence for k with scikit-learn, scipy and recounts in numpy, on fresh random rows.

    python evaluation_oracle.py BUILD_DIR [SEED]

Where `kneed` can be imported, knees are compared with it as well. Ends with 1 when something differs by more than the
bound printed beside it.

Covers: evaluation k_evidence select
"""

import os
import sys
import tempfile
import time
from itertools import combinations
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn import metrics
from sklearn.cluster import KMeans

from ranks import run_on

try:
    from kneed import KneeLocator
except ImportError:
    KneeLocator = None

PROBE = Path(sys.argv[1]) / "tests" / "evaluation" / "evaluation_probe"
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else int.from_bytes(os.urandom(4), "little")
SHAPES = [(60, 2, 3), (1500, 33, 7), (3000, 150, 600), (2500, 700, 20)]  # rows, columns, clusters
MEMORY = [1, 1 << 30]
failures = 0


def check(what, difference, bound):
    global failures
    good = difference <= bound
    failures += not good
    print(f"{'ok  ' if good else 'FAIL'} {what}: {difference:.2e} (at most {bound:.0e})")


class Probe:
    def __init__(self, folder):
        self.folder = folder

    def __call__(self, what, *arguments, ranks=1):
        """Arrays become files; returns a reader of the probe's answers."""
        words = []
        for i, argument in enumerate(arguments):
            if isinstance(argument, np.ndarray):
                np.save(self.folder / f"in{i}.npy", argument)
                argument = self.folder / f"in{i}.npy"
            words.append(str(argument))
        run_on(ranks, PROBE, what, *words, self.folder / "out")
        return lambda name: np.load(self.folder / f"out_{name}.npy")


def rows_and_labels(rng, shape):
    n, d, clusters = shape
    labels = rng.integers(0, clusters, n).astype(np.int32)
    x = rng.standard_normal((n, d)) + 1.5 * rng.standard_normal((clusters, d))[labels] + 20
    x[1], labels[1] = x[0], labels[0]
    return x.astype(np.float32), labels


def simplified(x, labels):
    """The mean distance to a cluster is replaced by that to its centroid."""
    used, own = np.unique(labels, return_inverse=True)
    centroids = np.stack([x[labels == k].mean(axis=0) for k in used])
    distances = np.stack([np.sqrt(((x - c) ** 2).sum(axis=1)) for c in centroids], axis=1)
    places = np.arange(len(x))
    a = distances[places, own]
    distances[places, own] = np.inf
    b = distances.min(axis=1)
    return np.where(np.bincount(own)[own] == 1, 0, (b - a) / np.maximum(a, b))


def check_silhouettes(rng, probe, shape, ranks):
    x, labels = rows_and_labels(rng, shape)
    y, sample, what = x.astype(np.float64), max(len(x) // 5, 10), f"{shape} on {ranks}"
    expected, clusters = metrics.silhouette_samples(y, labels), simplified(y, labels)
    for memory in MEMORY:
        got = probe("silhouettes", x, labels, memory, sample, ranks=ranks)
        check(f"silhouette {what}, memory {memory}", np.abs(got("exact") - expected).max(), 1e-5)
        check(f"silhouette {what}, memory {memory}, mean", abs(got("means")[0] - expected.mean()), 1e-7)
    check(f"simplified {what}", np.abs(got("simplified") - clusters).max(), 1e-10)
    means, errors = got("means")[2::2], got("means")[3::2]
    n = len(x)
    true_error = expected.std(ddof=1) / np.sqrt(sample) * np.sqrt(1 - sample / n)
    check(f"sampled {what}, error of the mean", abs(np.sqrt(np.mean(errors**2)) / true_error - 1), 0.2)
    # The squares of 30 standard normals sum to between 10 and 66 but for about 1 in 5,000.
    squares = np.sum(((means - expected.mean()) / true_error) ** 2)
    check(f"sampled {what}, spread about the mean", max(10 - squares, squares - 66), 0)
    # scikit-learn's own estimate takes the silhouettes among the sample alone: equal only for random clusters.


def check_indices(rng, probe, shape, ranks):
    x, labels = rows_and_labels(rng, shape)
    y = x.astype(np.float64)
    inertia = sum(((y[labels == k] - y[labels == k].mean(axis=0)) ** 2).sum() for k in np.unique(labels))
    expected = [inertia, metrics.calinski_harabasz_score(y, labels), metrics.davies_bouldin_score(y, labels)]
    got = probe("indices", x, labels, ranks=ranks)
    check(f"indices {shape} on {ranks}", np.abs(got("scores") / expected - 1).max(), 1e-6)


def check_agreement(rng, probe, n, k, kept):
    first = rng.integers(0, k, n).astype(np.int32)
    names = rng.permutation(k + 3)
    second = np.where(rng.random(n) < kept, names[first], rng.integers(0, k + 3, n)).astype(np.int32)
    first[0], second[0] = k - 1, k + 2  # so that all labels are counted
    got, what = probe("agreement", first, second), f"{n} rows, {k} labels, {kept:.0%} kept"
    table = np.zeros((k, k + 3), np.int64)
    np.add.at(table, (first, second), 1)
    start = time.perf_counter()
    ari, nmi = metrics.adjusted_rand_score(first, second), metrics.normalized_mutual_info_score(first, second)
    ami = metrics.adjusted_mutual_info_score(first, second)
    hcv = metrics.homogeneity_completeness_v_measure(first, second)
    theirs = time.perf_counter() - start
    expected = np.array([ari, nmi, ami, *hcv, table.max(axis=0).sum() / n, ari])
    # Its adjusted mutual information takes logarithms of factorials: 1e-10 of rounding at 50,000 rows.
    check(f"agreement {what}", np.abs(got("agreement") - expected).max(), 1e-9)
    start = time.perf_counter()
    i, j = linear_sum_assignment(table, maximize=True)
    scipy_seconds = time.perf_counter() - start
    check(f"matching {what}", abs(got("matched")[0] - table[i, j].sum()), 0)
    partner = got("partner").astype(int)
    check(f"matching {what}, its cells", abs(table[np.arange(k), partner].sum() - table[i, j].sum()), 0)
    check(f"matching {what}, each once", k - len(set(partner)), 0)
    ours = got("seconds")
    print(f"     {what}: agreement {ours[0]:.3f} s, scikit-learn's {theirs:.3f} s; "
          f"matching {ours[1]:.3f} s, scipy's {scipy_seconds:.3f} s")


def difference_curve(x, y):
    """Kneedle for a falling convex curve, both axes scaled to [0, 1] and y turned over."""
    x, y = (x - x.min()) / (x.max() - x.min()), (y - y.min()) / (y.max() - y.min())
    return (1 - y) - x


def check_knees(rng, probe):
    off, against_kneed, asked = 0, 0, 0
    for i in range(40):
        x = np.cumsum(rng.integers(1, 5, rng.integers(4, 60))).astype(np.float64)
        y = rng.uniform(0.1, 9) / x ** rng.uniform(0.3, 2) + (rng.uniform(0, 1e-3) * (x[-1] - x))
        got = int(probe("knee", x, y)("knee")[0])
        off += got != difference_curve(x, y).argmax()
        if KneeLocator is not None and len(x) > 5:
            locator = KneeLocator(x, y, S=0, curve="convex", direction="decreasing")
            against_kneed += locator.knee != x[got]
            asked += 1
    check("40 knees, those at another place than the difference curve's maximum", off, 0)
    if KneeLocator is not None:
        check(f"knees unlike kneed's, of {asked}", against_kneed, 0)


def blobs(rng, n, centres, spread):
    return (centres[rng.integers(0, len(centres), n)] + spread * rng.standard_normal((n, centres.shape[1]))).astype(np.float32)


def check_gap(rng, probe, x, true_k, name, ranks):
    references, most = 12, 7
    got = probe("gap", x, most, references, ranks=ranks)
    logarithms = got("logarithms").reshape(most, references)
    check(f"gap of {name}", np.abs(got("gaps") - (logarithms.mean(axis=1) - np.log(got("inertias")))).max(), 1e-12)
    errors = logarithms.std(axis=1) * np.sqrt(1 + 1 / references)
    check(f"gap of {name}, s_k", np.abs(got("errors") - errors).max(), 1e-12)
    gaps, rule = got("gaps"), -1
    for i in range(most - 1):
        if gaps[i] >= gaps[i + 1] - errors[i + 1]:
            rule = i + 1
            break
    check(f"gap of {name}, the rule", abs(got("chosen")[0] - rule), 0)
    check(f"gap of {name}, k chosen against {true_k}", abs(got("chosen")[0] - true_k), 0)
    # References made and clustered by others: their mean is known to some s_k.
    theirs = np.array([[np.log(KMeans(k, n_init=5, random_state=r).fit(u).inertia_) for k in range(1, most + 1)]
                       for r, u in enumerate(rng.uniform(x.min(axis=0), x.max(axis=0), (references, *x.shape)))])
    apart = np.abs(theirs.mean(axis=0) - logarithms.mean(axis=1)) / (errors * np.sqrt(2 / references))
    check(f"gap of {name}, references' mean logarithms, in standard errors", apart.max(), 5)


def check_stability(rng, probe, x, k, name, ranks):
    replicates = 12
    got = probe("stability", x, k, replicates, ranks=ranks)
    ours = got("agreement")
    expected = [ours.mean(), *np.quantile(ours, [0.05, 0.95])]
    check(f"stability of {name}, k = {k}, quantiles", np.abs(got("summary") - expected).max(), 1e-12)
    labels = [KMeans(k, n_init=5, random_state=b).fit(x[rng.integers(0, len(x), len(x))]).predict(x) for b in range(replicates)]
    theirs = np.array([metrics.adjusted_rand_score(a, b) for a, b in combinations(labels, 2)])
    # Pairs hang together: the mean over 12 replicates is known to about a third of a pair's spread.
    spread = 3 * max(ours.std(), theirs.std()) / np.sqrt(replicates / 2) + 0.01
    check(f"stability of {name}, k = {k}, mean {ours.mean():.3f}, scikit-learn's {theirs.mean():.3f}", abs(ours.mean() - theirs.mean()), spread)


def main():
    print(f"seed {SEED}")
    rng = np.random.default_rng(SEED)
    with tempfile.TemporaryDirectory() as name:
        probe = Probe(Path(name))
        for i, shape in enumerate(SHAPES):
            check_silhouettes(rng, probe, shape, 1 + i % 3)
            check_indices(rng, probe, shape, 1 + (i + 1) % 3)
        for n, k, kept in ((200, 4, 0.7), (5000, 300, 0.5), (50_000, 3000, 0.6), (50_000, 3000, 0)):
            check_agreement(rng, probe, n, k, kept)
        check_knees(rng, probe)
        corners = np.array([[0, 0], [10, 0], [5, 9]], np.float64)
        check_gap(rng, probe, blobs(rng, 400, corners, 0.7), 3, "three blobs", 2)
        check_gap(rng, probe, rng.uniform(size=(400, 4)).astype(np.float32), 1, "uniform rows", 1)
        check_stability(rng, probe, blobs(rng, 500, corners, 1.0), 3, "three blobs", 2)
        check_stability(rng, probe, blobs(rng, 500, corners, 2.5), 5, "blurred blobs", 3)
    print("evaluation: all agree" if failures == 0 else f"evaluation: {failures} differ")
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
