"""Times k-means beside scikit-learn and FAISS on the same rows in one go, and prints the ratios as a Markdown table.

    kmeans_bench.py BUILD_DIR            needs scikit-learn and faiss-cpu, and a machine that does nothing else

Both peers start from the same given centroids and run the same number of iterations: as many as scikit-learn's
Lloyd needs until no label changes (at most 100). Seconds are the best of three runs.

clustered   a mixture of 120 Gaussian clusters of uneven weight; the centres have a power-law spectrum over 256
            dimensions and so has the noise inside a cluster, as large as the centres' own spread: they overlap.
features    the shape of network features: a 48-dimensional mixture of 150 clusters goes through two random layers
            with ReLU to 256 dimensions, and each row is divided by its length.
"""
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

ROWS, COLUMNS, MAX_ITER = 50_000, 256, 100
COUNTS = (20, 200)


def mixture(rng, clusters, columns, decay, noise):
    spectrum = (1.0 + np.arange(columns)) ** -decay
    centres = rng.normal(size=(clusters, columns)) * spectrum
    weights = rng.dirichlet(np.full(clusters, 1.5))
    label = rng.choice(clusters, size=ROWS, p=weights)
    return centres[label] + noise * rng.normal(size=(ROWS, columns)) * spectrum


def clustered(rng):
    return mixture(rng, 120, COLUMNS, 0.5, 1.0)


def features(rng):
    hidden = np.maximum(mixture(rng, 150, 48, 0.3, 0.6) @ rng.normal(size=(48, 512)) / 7, 0)
    rows = np.maximum(hidden @ rng.normal(size=(512, COLUMNS)) / 22 + 0.1, 0)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def make(folder):
    for number, generate in enumerate((clustered, features)):
        rng = np.random.default_rng(7 + number)
        rows = np.ascontiguousarray(generate(rng), dtype=np.float32)
        np.save(os.path.join(folder, f"{generate.__name__}.npy"), rows)
        for k in COUNTS:
            start = rows[np.sort(rng.choice(ROWS, k, replace=False))]
            np.save(os.path.join(folder, f"{generate.__name__}_{k}.npy"), start)


def best_of(runs, action):
    best = float("inf")
    for _ in range(runs):
        begin = time.perf_counter()
        result = action()
        best = min(best, time.perf_counter() - begin)
    return best, result


def sklearn_run(rows, start, iterations):
    from sklearn.cluster import KMeans

    return KMeans(len(start), init=start, n_init=1, max_iter=iterations, tol=0, algorithm="lloyd", copy_x=False).fit(rows)


def faiss_run(rows, start, iterations):
    import faiss

    clustering = faiss.Clustering(COLUMNS, len(start))
    clustering.niter, clustering.max_points_per_centroid = iterations, 10 * ROWS
    faiss.copy_array_to_vector(start.ravel(), clustering.centroids)
    clustering.train(rows, faiss.IndexFlatL2(COLUMNS))
    done = clustering.iteration_stats.size()  # it may stop a little earlier, when its objective stands still
    return done, clustering.iteration_stats.at(done - 1).obj


def time_peers(folder, threads):
    from threadpoolctl import threadpool_limits
    import faiss

    faiss.omp_set_num_threads(threads)
    found = []
    with threadpool_limits(threads):
        for name in ("clustered", "features"):
            rows = np.load(os.path.join(folder, f"{name}.npy"))
            for k in COUNTS:
                start = np.load(os.path.join(folder, f"{name}_{k}.npy"))
                sklearn_run(rows[:1000], start, 1)  # the libraries load and their threads start
                seconds, model = best_of(3, lambda: sklearn_run(rows, start, MAX_ITER))
                faiss_seconds, (done, _) = best_of(3, lambda: faiss_run(rows, start, model.n_iter_))
                found.append({"sklearn": seconds / model.n_iter_, "faiss": faiss_seconds / done})
    return found


def time_ours(build, folder, ranks, threads):
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    program = os.path.join(build, "tests/bench/kmeans_bench")
    command = ["mpirun", "--bind-to", "none", "-n", str(ranks), program, folder, str(threads)]
    lines = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.splitlines()
    return [json.loads(line) for line in lines]


def main(build):
    with tempfile.TemporaryDirectory() as folder:
        make(folder)
        print("| data | k | threads | ms/iteration | scikit-learn / ours | FAISS / ours | pass without bounds, GFLOP/s | 1 rank / 2 ranks |")
        print("|---|---|---|---|---|---|---|---|")
        two_ranks = time_ours(build, folder, 2, 1)
        for threads in (1, 2):
            os.sched_setaffinity(0, range(threads))
            for ours, peer, ranks in zip(time_ours(build, folder, 1, threads), time_peers(folder, threads), two_ranks):
                seconds = ours["coterie"]
                speedup = f"{seconds / ranks['coterie']:.2f}" if threads == 1 else ""
                print(f"| {ours['data']} | {ours['k']} | {threads} | {1e3 * seconds:.1f} | {peer['sklearn'] / seconds:.2f} |"
                      f" {peer['faiss'] / seconds:.2f} | {ours['dense_gflops']:.0f} | {speedup} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
