"""Holds Gaussian mixtures against scikit-learn's, in float64, from the same first labels.

    python mixture_oracle.py BUILD_DIR [SEED]

For all four covariance types, on 1 and on 3 ranks: weights, means, covariances, precisions, log-likelihood, BIC, AIC,
posteriors and the number of iterations. Both sum in double, in another order: differences grow a little with each
iteration, by how ill-conditioned the covariances are. Ends with 1 when one is larger than the bound printed beside it.

Covers: clustering tiles mixture
"""

import os
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.mixture import GaussianMixture

from ranks import run_on

PROBE = Path(sys.argv[1]) / "tests" / "clustering" / "mixture_probe"
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else int.from_bytes(os.urandom(4), "little")
TYPES = ("full", "tied", "diag", "spherical")
failures = 0


class FromLabels(GaussianMixture):
    """Begins with responsibilities of one for given labels, as scikit-learn itself does with those of k-means."""

    def __init__(self, first_labels=None, n_components=1, covariance_type="full", tol=1e-3, reg_covar=1e-6, max_iter=100):
        super().__init__(n_components, covariance_type=covariance_type, tol=tol, reg_covar=reg_covar, max_iter=max_iter)
        self.first_labels = first_labels

    def _initialize_parameters(self, X, random_state, xp=None):
        self._initialize(X, np.eye(self.n_components, dtype=X.dtype)[self.first_labels])


def overlapping(rng, rows, columns, clusters, spread):
    """Clusters of their own shapes whose neighbours share rows."""
    label = rng.integers(clusters, size=rows)
    shapes = rng.normal(size=(clusters, columns, columns)) / np.sqrt(columns) + np.eye(columns)
    noise = np.einsum("nd,nde->ne", rng.normal(size=(rows, columns)), shapes[label])
    return spread * rng.normal(size=(clusters, columns))[label] + noise


def data_sets(rng):
    yield "two columns", overlapping(rng, 1500, 2, 4, 2.0), 4, 1e-6
    yield "digits", load_digits().data, 10, 1e-2
    yield "13 columns", overlapping(rng, 4000, 13, 7, 1.0), 7, 1e-6
    yield "far from zero", overlapping(rng, 2000, 5, 3, 3.0) + 3000, 3, 1e-6
    yield "100 columns", overlapping(rng, 3000, 100, 5, 0.3), 5, 1e-6
    rows = overlapping(rng, 900, 9, 3, 2.0)
    rows[:, 4] = 2.5
    yield "a constant column, rows twice", np.concatenate((rows, rows)), 3, 1e-4
    yield "an empty component", overlapping(rng, 800, 4, 2, 3.0), 3, 1e-3
    yield "one component", overlapping(rng, 700, 30, 3, 1.0), 1, 1e-6
    yield "as many components as rows", rng.normal(size=(12, 3)), 12, 1e-3


def check(what, ours, theirs, bound):
    """Differences relative to the largest magnitude."""
    global failures
    ours, theirs = np.asarray(ours, dtype=float).ravel(), np.asarray(theirs, dtype=float).ravel()
    worst = np.abs(ours - theirs).max() / max(np.abs(theirs).max(), 1e-300) if ours.shape == theirs.shape else np.inf
    good = worst <= bound
    failures += not good
    if not good:
        print(f"FAIL {what}: {worst:.2e} (at most {bound:.0e})")
    return worst


def probe(ranks, folder, k, covariance, regularisation, tol, max_iter):
    out = folder / f"out{ranks}"
    run_on(ranks, PROBE, folder / "rows.npy", folder / "labels.npy", k, covariance, regularisation, tol, max_iter, out)
    names = ("weights", "means", "covariances", "precisions", "probabilities", "labels", "again", "figures")
    return {name: np.load(f"{out}_{name}.npy") for name in names}


def compare(name, rows, labels, k, covariance, regularisation, tol, max_iter, folder):
    global failures
    theirs = FromLabels(labels, k, covariance, tol, regularisation, max_iter).fit(rows.astype(np.float64))
    ours = probe(1, folder, k, covariance, regularisation, tol, max_iter)
    three = probe(3, folder, k, covariance, regularisation, tol, max_iter)
    what = f"{name}, {covariance}"
    same = all(np.array_equal(ours[key], three[key]) for key in ours) and np.array_equal(ours["probabilities"], ours["again"])
    if not same:
        failures += 1
        print(f"FAIL {what}: 1 and 3 ranks differ, or posteriors() and the fit")
    x = rows.astype(np.float64)
    worst = check(f"{what}, weights", ours["weights"], theirs.weights_, 1e-8)
    worst = max(worst, check(f"{what}, means", ours["means"], theirs.means_, 1e-8))
    worst = max(worst, check(f"{what}, covariances", ours["covariances"], theirs.covariances_, 1e-7))
    worst = max(worst, check(f"{what}, precisions", ours["precisions"], theirs.precisions_cholesky_, 1e-6))
    worst = max(worst, check(f"{what}, posteriors", ours["probabilities"], theirs.predict_proba(x), 1e-6))
    check(f"{what}, labels", (ours["labels"].ravel() == theirs.predict(x)).mean(), 1, 0)
    figures = [theirs.score(x), theirs.bic(x), theirs.aic(x)]
    for at, figure in enumerate(("log likelihood", "BIC", "AIC")):
        worst = max(worst, check(f"{what}, {figure}", ours["figures"][at], figures[at], 1e-9))
    check(f"{what}, iterations", ours["figures"][3], theirs.n_iter_, 0)
    check(f"{what}, converged", ours["figures"][4] + 1, theirs.converged_ + 1, 0)
    print(f"{what}: {theirs.n_iter_} iterations, worst difference {worst:.1e}")


def main():
    print(f"seed {SEED}")
    warnings.simplefilter("ignore")  # runs that max_iter ends are wanted
    rng = np.random.default_rng(SEED)
    for name, rows, k, regularisation in data_sets(rng):
        rows = np.ascontiguousarray(rows, dtype=np.float32)
        wanted = k - 1 if name == "an empty component" else k
        labels = KMeans(wanted, n_init=1, random_state=SEED % 1000).fit(rows).labels_.astype(np.int32)
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            np.save(folder / "rows.npy", rows)
            np.save(folder / "labels.npy", labels)
            for covariance in TYPES:
                compare(name, rows, labels, k, covariance, regularisation, 1e-3, 40, folder)
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
