"""Writes tests/data/mixture/: rows, first labels and what scikit-learn's GaussianMixture makes of them in float64.

    python make_mixture_reference.py OUT_DIR

For each covariance type: means, covariances, posteriors, and figures = log-likelihood, BIC, AIC, iterations, converged.
"""
import os
import sys

import numpy as np
from sklearn.mixture import GaussianMixture

ROWS, COLUMNS, CLUSTERS = 520, 5, 3


class FromLabels(GaussianMixture):
    first_labels = None

    def _initialize_parameters(self, X, random_state, xp=None):
        self._initialize(X, np.eye(self.n_components)[self.first_labels])


def main(out):
    os.makedirs(out, exist_ok=True)
    rng = np.random.default_rng(20)
    label = rng.integers(CLUSTERS, size=ROWS)
    shapes = rng.normal(size=(CLUSTERS, COLUMNS, COLUMNS)) / 2 + np.eye(COLUMNS)
    rows = 1.2 * rng.normal(size=(CLUSTERS, COLUMNS))[label]
    rows = (rows + np.einsum("nd,nde->ne", rng.normal(size=(ROWS, COLUMNS)), shapes[label])).astype(np.float32)
    first = np.where(rng.random(ROWS) < 0.7, label, rng.integers(CLUSTERS, size=ROWS)).astype(np.int32)
    np.save(f"{out}/rows.npy", rows)
    np.save(f"{out}/labels.npy", first)
    x = rows.astype(np.float64)
    for covariance in ("full", "tied", "diag", "spherical"):
        model = FromLabels(CLUSTERS, covariance_type=covariance, tol=1e-4, max_iter=60)
        model.first_labels = first
        model.fit(x)
        np.save(f"{out}/means_{covariance}.npy", model.means_)
        np.save(f"{out}/covariances_{covariance}.npy", model.covariances_)
        np.save(f"{out}/posteriors_{covariance}.npy", model.predict_proba(x).astype(np.float32))
        figures = [model.score(x), model.bic(x), model.aic(x), model.n_iter_, model.converged_]
        np.save(f"{out}/figures_{covariance}.npy", np.array(figures, dtype=np.float64))
        print(covariance, figures)


if __name__ == "__main__":
    main(sys.argv[1])
