"""Writes tests/data/kmeans: scikit-learn's k-means from given centroids, for kmeans_test.cpp.

    python make_kmeans_reference.py OUTPUT_FOLDER          (requirements.txt names the version)

1,200 rows of 16 float32 values round 12 centres: enough for five blocks of rows and two panels of centroids.
Scikit-learn computes in float64 here, so that its labels do not hang on float32 rounding.
"""
import os
import sys

import numpy as np
from sklearn.cluster import KMeans

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
rng = np.random.default_rng(2026)
centres = rng.normal(size=(12, 16))
rows = (centres[rng.integers(12, size=1200)] + 0.7 * rng.normal(size=(1200, 16))).astype(np.float32)
np.save(os.path.join(folder, "rows.npy"), rows)
for k in (7, 30):
    start = rows[np.sort(rng.choice(len(rows), k, replace=False))]
    for name, tol in (("strict", 0.0), ("tol", 0.05)):
        model = KMeans(k, init=start.astype(np.float64), n_init=1, tol=tol, algorithm="lloyd").fit(rows.astype(np.float64))
        np.save(os.path.join(folder, f"labels_{k}_{name}.npy"), model.labels_.astype(np.int32))
        np.save(os.path.join(folder, f"outcome_{k}_{name}.npy"), np.array([model.inertia_, model.n_iter_]))
    np.save(os.path.join(folder, f"start_{k}.npy"), start)
