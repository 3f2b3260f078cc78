"""Holds every PCA solver against scikit-learn on fresh random rows.

    python pca_oracle.py BUILD_DIR [SEED]

Ends with 1 and the figures when something differs by more than the bound printed beside it. Exact solvers against
svd_solver="full" and "covariance_eigh", randomised against "randomized" and "arpack", incremental against
IncrementalPCA on the same batches (same arithmetic: equal to rounding).

Covers: reduction
"""

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from sklearn.decomposition import PCA, IncrementalPCA
from sklearn.preprocessing import StandardScaler, normalize

from ranks import run_on

PROBE = Path(sys.argv[1]) / "tests" / "reduction" / "pca_probe"
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else int.from_bytes(os.urandom(4), "little")
TALL, WIDE = [(2, 3), (200, 7), (1500, 64), (3000, 600)], [(45, 94_080), (300, 5_000), (40, 90), (3, 10)]
failures = checks = 0


def check(what, difference, bound):
    global checks, failures
    good = bool(difference <= bound)
    checks += 1
    failures += not good
    if not good:
        print(f"FAIL {what}: {difference:.2e} (at most {bound:.1e})")


def fit(folder, x, normalise="none", components=0, solver="auto", batch=0, whiten=False, ranks=1):
    np.save(folder / "rows.npy", x)
    used = run_on(ranks, PROBE, folder / "rows.npy", normalise, components, solver, batch, int(whiten), SEED,
                  folder / "out", capture_output=True, text=True).stdout
    names = ("mean", "components", "variance", "ratio", "singular", "projected", "facts")
    return used.strip(), {name: np.load(folder / f"out_{name}.npy") for name in names}


def rows_of(rng, shape, decay=0.7):
    n, d = shape
    mixing = rng.permutation(d)
    x = rng.standard_normal(shape) * (1.0 + np.arange(d)) ** -decay
    return (x[:, mixing] + 0.3 * np.roll(x, 1, axis=1) + rng.standard_normal(d)).astype(np.float32)


def prepared(x, normalise):
    x = x.astype(np.float64)
    return {"none": x, "standard": StandardScaler().fit_transform(x), "l2": normalize(x)}[normalise]


def mean_of(x, y, normalise):
    """`standard` takes the mean away first: it is the rows', not that of the standardised rows, which is nothing."""
    return (x.astype(np.float64) if normalise == "standard" else y).mean(axis=0)


def compare(what, got, model, y, mean, whiten, error=1e-12):
    """`error` of the covariance's spectral norm, relative: variances and axes may differ by that, over the gap."""
    k = len(got["variance"])
    variance = model.explained_variance_[:k]
    largest = model.explained_variance_[0]
    check(f"{what} mean", np.max(np.abs(got["mean"] - mean)), 1e-11)
    check(f"{what} variance", np.max(np.abs(got["variance"] - variance)) / largest, error)
    check(f"{what} ratio", np.max(np.abs(got["ratio"] - model.explained_variance_ratio_[:k])), error)
    check(f"{what} orthonormal", np.max(np.abs(got["components"] @ got["components"].T - np.eye(k))), 1e-11)
    # An axis is as well determined as its variance is apart from its neighbours'; those of no variance are anything.
    shares = variance / largest
    gaps = np.minimum(-np.diff(shares, prepend=np.inf), -np.diff(shares, append=0 if k == min(y.shape) else shares[-1] / 2))
    sure = (gaps > 1e4 * error) & (shares > 1e-9)
    signs = np.sign(np.sum(got["components"] * model.components_[:k], axis=1))
    apart = np.max(np.abs(signs[:, None] * got["components"] - model.components_[:k]), axis=1)
    check(f"{what} axes ({sure.sum()} of {k})", np.max(apart[sure] * gaps[sure] / 50, initial=0), error)
    theirs = model.transform(y)[:, :k]
    apart = np.max(np.abs(signs * got["projected"] - theirs), axis=0) / np.max(np.abs(theirs[:, :1]))
    # Whitened columns are divided by small deviations, their error with them.
    weight = np.sqrt(shares) if whiten else 1
    check(f"{what} projected", np.max((apart * weight * np.minimum(gaps, 1))[sure] / 100, initial=0), error + 1e-8)


def exact(rng, folder):
    for i, shape in enumerate(TALL + WIDE):
        x = rows_of(rng, shape)
        for j, normalise in enumerate(("none", "standard", "l2")):
            y = prepared(x, normalise)
            whiten = (i + j) % 2 == 1
            components = min(min(shape) - 1, (1000, 20)[j % 2]) or 1
            models = [PCA(components, svd_solver=s, whiten=whiten).fit(y)
                      for s in ("full",) + (("covariance_eigh",) if shape[1] <= 1000 and j == 0 else ())]
            solvers = ["auto", "gram"] if shape[0] < shape[1] else ["auto", "covariance", "tsqr"]
            if shape == (40, 90):
                solvers += ["covariance", "tsqr"]
            for m, solver in enumerate(solvers):
                used, got = fit(folder, x, normalise, components, solver, 0, whiten, 1 + (i + j + m) % 4)
                for model in models:
                    compare(f"{shape} {normalise} {used} against {model.svd_solver}", got, model, y, mean_of(x, y, normalise), whiten)
                check(f"{shape} {normalise} {used} exact", got["facts"][1], 0)


def randomised(rng, folder):
    for i, (shape, components) in enumerate((((1500, 300), 10), ((400, 3000), 25), ((45, 94_080), 5), ((900, 40), 30))):
        x = rows_of(rng, shape, 1.2)
        y = x.astype(np.float64)
        full = PCA(svd_solver="full").fit(y)
        used, got = fit(folder, x, "none", components, "randomized", ranks=1 + i % 3)
        what, bound = f"{shape} randomised to {components}", got["facts"][1]
        # Errors of random directions scatter by more than tenfold from seed to seed: the worst of five is the measure.
        random = [PCA(components, svd_solver="randomized", random_state=(SEED + j) % 2**31).fit(y) for j in range(5)]
        arpack = PCA(components, svd_solver="arpack", random_state=SEED % 2**31).fit(y)
        missed = np.linalg.norm((y - full.mean_) - (y - full.mean_) @ got["components"].T @ got["components"], 2)
        best = full.singular_values_[components] if components < min(shape) else 0.0
        check(f"{what}: error beyond the best against its bound", (missed - best) / full.singular_values_[0] - bound, 1e-12)
        ours = np.max(np.abs(got["variance"] - full.explained_variance_[:components])) / full.explained_variance_[0]
        also = max(np.max(np.abs(model.explained_variance_ - full.explained_variance_[:components]))
                   for model in random) / full.explained_variance_[0]
        print(f"     {what}: variances off by {ours:.1e}, scikit-learn's randomized by {also:.1e}; bound {bound:.1e}")
        check(f"{what}: as close as randomized", ours, 10 * also + 1e-12)
        check(f"{what}: close to arpack", np.max(np.abs(got["variance"] - arpack.explained_variance_)) /
              full.explained_variance_[0], ours + 1e-10)
        check(f"{what}: ratio of the whole", np.max(np.abs(got["ratio"] - got["variance"] / full.explained_variance_.sum())), 1e-12)


def incremental(rng, folder):
    cases = [((2000, 30), 7, 300), ((2000, 30), 30, 411), ((701, 60), 10, 100), ((500, 90), 20, 40), ((1203, 25), 5, 0),
             ((300, 12), 3, 1000), ((60, 40_000), 5, 20)]
    for i, (shape, components, batch) in enumerate(cases):
        x = rows_of(rng, shape)
        for j, normalise in enumerate(("none", "l2", "standard")):
            y, whiten = prepared(x, normalise), j == 1
            model = IncrementalPCA(components, batch_size=batch or None, whiten=whiten).fit(y)
            _, got = fit(folder, x, normalise, components, "incremental", batch, whiten, 1 + (i + j) % 4)
            compare(f"{shape} {normalise} incremental in batches of {batch}", got, model, y, mean_of(x, y, normalise),
                    whiten, 1e-11)
            full = PCA(svd_solver="full").fit(y)
            missed = np.linalg.norm((y - full.mean_) - (y - full.mean_) @ got["components"].T @ got["components"], 2)
            best = full.singular_values_[components] if components < min(shape) else 0.0
            check(f"{shape} {normalise} incremental: error against its bound",
                  (missed - best) / full.singular_values_[0] - got["facts"][1], 1e-12)


def degenerate(rng, folder):
    one = np.tile(rng.standard_normal((1, 6)).astype(np.float32), (20, 1))
    few = rows_of(rng, (6, 40))[rng.integers(0, 6, 30)]
    constant = rows_of(rng, (100, 8))
    constant[:, 3] = 7.5
    for name, x, components in (("equal rows", one, 3), ("duplicate rows", few, 12), ("constant column", constant, 8)):
        with np.errstate(invalid="ignore"):  # scikit-learn divides by the variance of equal rows
            full = PCA(components, svd_solver="full").fit(x.astype(np.float64))
        for solver in ("covariance", "tsqr", "gram", "randomized", "incremental"):
            _, got = fit(folder, x, "none", components, solver, 15, ranks=2)
            check(f"{name} {solver} variance", np.max(np.abs(got["variance"] - full.explained_variance_)) /
                  max(full.explained_variance_[0], 1e-9), 1e-12)
            check(f"{name} {solver} orthonormal", np.max(np.abs(got["components"] @ got["components"].T - np.eye(components))), 1e-11)


def main():
    print(f"seed {SEED}")
    rng = np.random.default_rng(SEED)
    with tempfile.TemporaryDirectory() as name:
        for part in (exact, randomised, incremental, degenerate):
            part(rng, Path(name))
    print(f"pca: all {checks} checks agree" if failures == 0 else f"pca: {failures} of {checks} differ")
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
