"""Writes tests/data/numbers: small inputs and what scikit-learn makes of them, in double.

    python make_numbers_reference.py [FOLDER]

Made with scikit-learn 1.9.1, NumPy 2.4.6. The files are committed; run this again only to change what they hold.
"""

import sys
from pathlib import Path

import numpy as np
from sklearn import metrics
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler, normalize

FOLDER = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "data" / "numbers"


def write(name, array):
    np.save(FOLDER / f"{name}.npy", np.ascontiguousarray(array))


def rows_and_labels(rng, rows=150, columns=12, clusters=4):
    labels = rng.integers(0, clusters, rows)
    centres = 2 * rng.standard_normal((clusters, columns))
    scales = np.linspace(3, 0.3, columns)
    x = (centres[labels] + rng.standard_normal((rows, columns))) * scales + 5
    x[:, 7] = 2.5  # a constant column
    return x.astype(np.float32), labels.astype(np.int32)


def write_pca(name, x):
    pca = PCA(svd_solver="full").fit(x)
    write(f"{name}_mean", pca.mean_)
    write(f"{name}_components", pca.components_)
    write(f"{name}_variance", pca.explained_variance_)
    write(f"{name}_ratio", pca.explained_variance_ratio_)
    write(f"{name}_singular", pca.singular_values_)
    write(f"{name}_projected", pca.transform(x)[:, :5])
    write(f"{name}_kept95", np.array([PCA(0.95, svd_solver="full").fit(x).n_components_]))


def agreement(a, b):
    table = metrics.cluster.contingency_matrix(a, b)
    return [metrics.adjusted_rand_score(a, b), metrics.normalized_mutual_info_score(a, b),
            metrics.adjusted_mutual_info_score(a, b), *metrics.homogeneity_completeness_v_measure(a, b),
            table.max(axis=0).sum() / table.sum()]


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(2026)
    x, labels = rows_and_labels(rng)
    wide = rng.standard_normal((9, 20)).astype(np.float32)
    write("rows", x)
    write("wide", wide)
    x64 = x.astype(np.float64)
    scaler = StandardScaler().fit(x64)
    write("scaler_mean", scaler.mean_)
    write("scaler_scale", scaler.scale_)
    write_pca("none", x64)
    write_pca("standard", scaler.transform(x64))
    write_pca("l2", normalize(x64))
    write_pca("wide", wide.astype(np.float64))

    other = np.where(rng.random(len(labels)) < 0.3, rng.integers(0, 6, len(labels)), labels).astype(np.int32)
    other[other == 5] = 4
    other[17] = 5  # a cluster of one
    write("labels", labels)
    write("other_labels", other)
    for name, clustering in (("labels", labels), ("other_labels", other)):
        write(f"{name}_silhouette", metrics.silhouette_samples(x64, clustering))
        centroids = np.stack([x64[clustering == k].mean(axis=0) for k in range(clustering.max() + 1)])
        write(f"{name}_scores", np.array([((x64 - centroids[clustering]) ** 2).sum(),
                                          metrics.calinski_harabasz_score(x64, clustering),
                                          metrics.davies_bouldin_score(x64, clustering)]))
    write("agreement", np.array(agreement(labels, other)))


if __name__ == "__main__":
    main()
