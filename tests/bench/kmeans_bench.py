"""Times k-means beside scikit-learn, FAISS and oneDAL on the same rows in one go; prints ratios as Markdown tables.

    kmeans_bench.py BUILD_DIR [--sizes small,wide] [--ks 10,100,1000] [--threads 1,2] [--keep FOLDER]

Needs scikit-learn and faiss-cpu, and a machine that does nothing else. oneDAL takes part where the Python named by
COTERIE_PEERS (/tmp/peers/bin/python unless set) imports scikit-learn-intelex.

All sides start from the same centroids and do Lloyd's iterations until scikit-learn's Lloyd changes no label, at most
MAX_ITER: so all reach the same inertia, and the seconds to it are compared (best of RUNS, preparation included).

clustered   a mixture of 120 Gaussian clusters of uneven weight; the centres have a power-law spectrum over the columns
            and so has the noise inside a cluster, as large as the centres' own spread: they overlap.
features    the shape of network features: a 48-dimensional mixture of 150 clusters goes through two random layers
            with ReLU, and each row is divided by its length.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

SIZES = {"small": (50_000, 256), "wide": (14_000, 4096)}
DATA = ("clustered", "features")
MAX_ITER = {10: 100, 100: 100, 1000: 30, 3000: 30}
RUNS = {10: 3, 100: 2, 1000: 1, 3000: 1}
PEERS = os.environ.get("COTERIE_PEERS", "/tmp/peers/bin/python")


def mixture(rng, rows, clusters, columns, decay, noise):
    spectrum = (1.0 + np.arange(columns)) ** -decay
    centres = rng.normal(size=(clusters, columns)) * spectrum
    weights = rng.dirichlet(np.full(clusters, 1.5))
    label = rng.choice(clusters, size=rows, p=weights)
    return centres[label] + noise * rng.normal(size=(rows, columns)) * spectrum


def clustered(rng, rows, columns):
    return mixture(rng, rows, 120, columns, 0.5, 1.0)


def features(rng, rows, columns):
    hidden = np.maximum(mixture(rng, rows, 150, 48, 0.3, 0.6) @ rng.normal(size=(48, 512)) / 7, 0)
    made = np.maximum(hidden @ rng.normal(size=(512, columns)) / 22 + 0.1, 0)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def make(folder, size, ks):
    for number, generate in enumerate((clustered, features)):
        path = os.path.join(folder, f"{generate.__name__}_{size}")
        rng = np.random.default_rng(7 + number)
        if not os.path.exists(path + ".npy"):
            np.save(path + ".npy", np.ascontiguousarray(generate(rng, *SIZES[size]), dtype=np.float32))
        rows = np.load(path + ".npy", mmap_mode="r")
        for k in ks:
            start = rows[np.sort(np.random.default_rng(k).choice(len(rows), k, replace=False))]
            np.save(f"{path}_{k}.npy", start)


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

    clustering = faiss.Clustering(rows.shape[1], len(start))
    clustering.niter, clustering.max_points_per_centroid, clustering.min_points_per_centroid = iterations, 10**9, 1
    faiss.copy_array_to_vector(start.ravel(), clustering.centroids)
    clustering.train(rows, faiss.IndexFlatL2(rows.shape[1]))
    done = clustering.iteration_stats.size()  # it may stop a little earlier, when its objective stands still
    return done, clustering.iteration_stats.at(done - 1).obj


def seeding_run(rows, k):
    from sklearn.cluster import kmeans_plusplus

    return kmeans_plusplus(rows, k, random_state=0)


def gemm_peak():
    a = np.ones((2048, 2048), dtype=np.float32)
    return 2e-9 * 2048**3 / best_of(5, lambda: a @ a)[0]


def time_peers(folder, data, k, threads):
    """In a process of its own, so that thread pools and BLAS start alike."""
    from threadpoolctl import threadpool_limits

    rows, start = (np.load(os.path.join(folder, name)) for name in (f"{data}.npy", f"{data}_{k}.npy"))
    runs, most = RUNS[k], MAX_ITER[k]
    with threadpool_limits(threads):
        sklearn_run(rows[:2000], start, 1)  # the libraries load and their threads start
        seconds, model = best_of(runs, lambda: sklearn_run(rows, start, most))
        found = {"iterations": int(model.n_iter_), "sklearn": seconds, "sklearn_inertia": float(model.inertia_)}
        found["sklearn_seeding"] = best_of(1, lambda: seeding_run(rows, k))[0]
        found["gemm"] = gemm_peak()
        import faiss

        faiss.omp_set_num_threads(threads)
        seconds, (done, _) = best_of(runs, lambda: faiss_run(rows, start, model.n_iter_))
        found["faiss"] = seconds * model.n_iter_ / done
    print(json.dumps(found))


def time_onedal(folder, data, k, threads, iterations):
    from sklearnex import patch_sklearn

    patch_sklearn(verbose=False)
    from daal4py import daalinit

    daalinit(threads)
    rows, start = (np.load(os.path.join(folder, name)) for name in (f"{data}.npy", f"{data}_{k}.npy"))
    sklearn_run(rows[:2000], start, 1)
    seconds, model = best_of(RUNS[k], lambda: sklearn_run(rows, start, iterations))
    print(json.dumps({"onedal": seconds * iterations / int(model.n_iter_)}))


def last_line(command, quiet=False):
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    errors = subprocess.DEVNULL if quiet else None
    out = subprocess.run([str(part) for part in command], env=environment, check=True, stdout=subprocess.PIPE, stderr=errors, text=True)
    return json.loads(out.stdout.splitlines()[-1])


def time_ours(build, folder, data, k, ranks, threads, iterations):
    program = os.path.join(build, "tests/bench/kmeans_bench")
    return last_line(["mpirun", "--bind-to", "none", "-n", ranks, program, f"{folder}/{data}.npy",
                      f"{folder}/{data}_{k}.npy", threads, iterations, RUNS[k]])


def compare(build, folder, data, k, threads):
    os.sched_setaffinity(0, range(threads))
    this = [sys.executable, os.path.abspath(__file__)]
    peers = last_line([*this, "--peers", folder, data, k, threads])
    try:
        onedal = last_line([PEERS, os.path.abspath(__file__), "--onedal", folder, data, k, threads, peers["iterations"]], quiet=True)["onedal"]
    except (OSError, subprocess.CalledProcessError):
        onedal = float("nan")
    ours = time_ours(build, folder, data, k, 1, threads, peers["iterations"])
    ranks = ""
    if threads == 1:
        os.sched_setaffinity(0, range(os.cpu_count()))
        two = time_ours(build, folder, data, k, 2, 1, peers["iterations"])
        ranks = f"{ours['seconds'] / two['seconds']:.2f}"
    shared = f"{ours['seeding_ten'] / 10:.3g}" if ours["seeding_ten"] > 0 else ""  # is not timed where one takes long
    drift = ours["inertia"] / peers["sklearn_inertia"] - 1
    print(f"| {data} | {k} | {threads} | {peers['iterations']} | {ours['seconds']:.3g} | {peers['sklearn'] / ours['seconds']:.2f} | "
          f"{peers['faiss'] / ours['seconds']:.2f} | {onedal / ours['seconds']:.2f} | {drift:+.0e} | "
          f"{ours['dense_gflops']:.0f} = {ours['dense_gflops'] / peers['gemm']:.0%} | "
          f"{ours['seeding']:.3g} | {peers['sklearn_seeding'] / ours['seeding']:.2f} | {shared} | "
          f"{ours['parallel']:.3g} | {ranks} |", flush=True)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("build")
    arguments.add_argument("--sizes", default="small,wide")
    arguments.add_argument("--data", default=",".join(DATA))
    arguments.add_argument("--ks", default="10,100,1000")
    arguments.add_argument("--threads", default="1,2")
    arguments.add_argument("--keep", help="a folder that keeps the made rows for the next run")
    wanted = arguments.parse_args()
    ks = [int(k) for k in wanted.ks.split(",")]
    with tempfile.TemporaryDirectory() as made:
        folder = wanted.keep or made
        print("| data | k | threads | iterations | seconds | scikit-learn / ours | FAISS / ours | oneDAL / ours | inertia against "
              "scikit-learn's | dense pass, GFLOP/s, of GEMM | k-means++, s | scikit-learn / ours | each of 10 starts, s | "
              "k-means\\|\\|, s | 1 rank / 2 ranks |")
        print("|---" * 15 + "|")
        for size in wanted.sizes.split(","):
            make(folder, size, ks)
            for threads in wanted.threads.split(","):
                for data in wanted.data.split(","):
                    for k in ks:
                        compare(wanted.build, folder, f"{data}_{size}", k, int(threads))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peers"]:
        time_peers(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
    elif sys.argv[1:2] == ["--onedal"]:
        time_onedal(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]), int(sys.argv[6]))
    else:
        main()
