"""Times Gaussian mixtures beside scikit-learn on the same rows in one go, and prints ratios as a Markdown table.

    mixture_bench.py BUILD_DIR [CASE...]       needs scikit-learn, and a machine that does nothing else

Both begin with the same labels (k-means, 3 iterations), have the same number of iterations and a tolerance of zero;
rows are float32, which scikit-learn computes in float32 where coterie sums in double. Seconds are of one iteration:
a run of some more iterations than one, less a run of one. CASE is NAME:K:COVARIANCE:ITERATIONS.

clustered   50 000 x 256, a mixture of 120 Gaussian clusters of uneven weight with a power-law spectrum; the noise inside a
            cluster is as large as the centres' own spread: they overlap.
features    the shape of network features, of ROWS x COLUMNS: a 48-dimensional mixture of 150 clusters goes through two
            random layers with ReLU, and each row is divided by its length, times 10.
reduced     50 000 x 32: the features' principal components.
"""
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np

CASES = ("clustered:10:full:3", "clustered:100:full:2", "features256:10:full:3", "features256:100:full:2",
         "features256:10:diag:5", "features256:100:diag:3", "features256:10:spherical:5", "features256:100:spherical:3",
         "features256:10:tied:3", "features256:100:tied:2", "reduced:10:full:10", "reduced:100:full:3",
         "features1024:10:full:1", "features1024:10:diag:4", "features1024:100:diag:2", "features1024:10:spherical:4",
         "features1024:100:spherical:2", "features4096:10:diag:2", "features4096:100:diag:1",
         "features4096:10:spherical:2", "features4096:100:spherical:1")


def mixture(rng, rows, clusters, columns, decay, noise):
    spectrum = (1.0 + np.arange(columns)) ** -decay
    centres = rng.normal(size=(clusters, columns)) * spectrum
    label = rng.choice(clusters, size=rows, p=rng.dirichlet(np.full(clusters, 1.5)))
    return centres[label] + noise * rng.normal(size=(rows, columns)) * spectrum


def features(rng, rows, columns):
    hidden = np.maximum(mixture(rng, rows, 150, 48, 0.3, 0.6) @ rng.normal(size=(48, 512)) / 7, 0)
    made = np.maximum(hidden @ rng.normal(size=(512, columns)) / 22 + 0.1, 0)
    return 10 * made / np.linalg.norm(made, axis=1, keepdims=True)


def reduced(rng):
    from sklearn.decomposition import PCA

    return PCA(32, svd_solver="covariance_eigh").fit_transform(features(rng, 50_000, 256))


GENERATORS = {"clustered": lambda rng: mixture(rng, 50_000, 120, 256, 0.5, 1.0), "reduced": reduced,
              "features256": lambda rng: features(rng, 50_000, 256), "features1024": lambda rng: features(rng, 14_000, 1024),
              "features4096": lambda rng: features(rng, 14_000, 4096)}


def make(folder, cases):
    from sklearn.cluster import KMeans

    for name in sorted({case.split(":")[0] for case in cases}):
        rows = np.ascontiguousarray(GENERATORS[name](np.random.default_rng(7)), dtype=np.float32)
        np.save(os.path.join(folder, f"{name}.npy"), rows)
        for k in sorted({int(case.split(":")[1]) for case in cases if case.split(":")[0] == name}):
            labels = KMeans(k, n_init=1, init="random", max_iter=3, random_state=0).fit(rows).labels_
            np.save(os.path.join(folder, f"{name}_{k}.npy"), labels.astype(np.int32))


def sklearn_seconds(folder, case, threads):
    from sklearn.mixture import GaussianMixture
    from threadpoolctl import threadpool_limits

    name, k, covariance, iterations = case.split(":")
    rows, labels = np.load(os.path.join(folder, f"{name}.npy")), np.load(os.path.join(folder, f"{name}_{k}.npy"))

    class FromLabels(GaussianMixture):
        def _initialize_parameters(self, X, random_state, xp=None):
            self._initialize(X, np.eye(int(k), dtype=X.dtype)[labels])

    def run(count):
        model = FromLabels(int(k), covariance_type=covariance, tol=0, reg_covar=1e-4, max_iter=count)
        begin = time.perf_counter()
        model.fit(rows)
        return time.perf_counter() - begin, model

    with threadpool_limits(threads), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one = run(1)[0]
        if one < 5:
            one = min(one, run(1)[0])
        all_seconds, model = run(1 + int(iterations))
    return (all_seconds - one) / int(iterations), float(model.score(rows))


def our_seconds(build, folder, cases, ranks, threads):
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    program = os.path.join(build, "tests/bench/mixture_bench")
    command = ["mpirun", "--bind-to", "none", "-n", str(ranks), program, folder, str(threads), *cases]
    lines = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.splitlines()
    return [json.loads(line) for line in lines]


def main(build, cases):
    with tempfile.TemporaryDirectory() as folder:
        make(folder, cases)
        print("| rows | k | covariance | threads | ms/iteration | scikit-learn / ours | likelihood: ours, theirs | 1 rank / 2 ranks |")
        print("|---|---|---|---|---|---|---|---|", flush=True)
        for case in cases:
            two_ranks = our_seconds(build, folder, [case], 2, 1)[0]["iteration"]
            for threads in (1, 2):
                os.sched_setaffinity(0, range(threads))
                ours = our_seconds(build, folder, [case], 1, threads)[0]
                seconds, likelihood = sklearn_seconds(folder, case, threads)
                os.sched_setaffinity(0, range(2))
                name, k, covariance, _ = case.split(":")
                speedup = f"{ours['iteration'] / two_ranks:.2f}" if threads == 1 else ""
                print(f"| {name} | {k} | {covariance} | {threads} | {1e3 * ours['iteration']:.1f} |"
                      f" {seconds / ours['iteration']:.2f} | {ours['log_likelihood']:.6g}, {likelihood:.6g} | {speedup} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:] or CASES)
