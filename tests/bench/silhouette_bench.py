"""Times coterie's silhouettes beside scikit-learn's on the same rows in one go, and prints Markdown tables of ratios.

    silhouette_bench.py BUILD_DIR [ROWSxCOLUMNS ...]      needs scikit-learn, and a machine that does nothing else

Rows lie around 100 centres and labels are random, which costs the same as good ones. Seconds are the best of three
runs of ours and one of scikit-learn's silhouette_samples; where a run takes long, of one, and scikit-learn is timed for
k = 100 only (its time hardly depends on k). "GEMM" is the share of what OpenBLAS's sgemm reaches on as many cores, if only the N^2 D flops of each distance once
are counted. "Each more" is what one more labelling costs, among 48 of 20 to 3,000 clusters.
"""

import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np
from sklearn.metrics import silhouette_samples
from threadpoolctl import threadpool_limits

SHAPES = ("20000x32", "50000x256", "14000x4096")
COUNTS = (10, 100, 1000)


def make(folder, rows, columns):
    rng = np.random.default_rng(1)
    data = rng.standard_normal((rows, columns), dtype=np.float32)
    data += rng.standard_normal((100, columns), dtype=np.float32)[rng.integers(0, 100, rows)]
    np.save(os.path.join(folder, "rows.npy"), data)
    for k in COUNTS:
        np.save(os.path.join(folder, f"labels_{k}.npy"), rng.integers(0, k, rows).astype(np.int32))


def ours(build, folder, ranks, threads, rounds):
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                       OMPI_MCA_btl_vader_single_copy_mechanism="none")
    command = ["mpirun", "--bind-to", "none", "-n", str(ranks), os.path.join(build, "tests/bench/silhouette_bench"),
               os.path.join(folder, "rows.npy"), os.path.join(folder, "labels"), str(threads), *map(str, COUNTS)]
    runs = []
    for _ in range(rounds):
        lines = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.splitlines()
        runs.append([json.loads(line) for line in lines])
    return [{key: (max if key == "gemm_gflops" else min)(run[key] for run in same) for key in same[0]} for same in zip(*runs)]


def theirs(folder, threads, counts):
    rows, found = np.load(os.path.join(folder, "rows.npy")), {}
    with threadpool_limits(threads):
        for k in counts:
            labels = np.load(os.path.join(folder, f"labels_{k}.npy"))
            silhouette_samples(rows[:2000], labels[:2000])  # the libraries load and their threads start
            start = time.perf_counter()
            mean = silhouette_samples(rows, labels).mean()
            found[k] = time.perf_counter() - start, float(mean)
    return found


def compare(build, folder, rows, columns):
    make(folder, rows, columns)
    long = rows * rows * columns > 1e11
    peer_counts, rounds = ((100,), 1) if long else (COUNTS, 3)
    two_ranks = ours(build, folder, 2, 1, rounds)
    for threads in (1, 2):
        os.sched_setaffinity(0, range(threads))
        mine, peers = ours(build, folder, 1, threads, rounds), theirs(folder, threads, peer_counts)
        *each, other = mine
        for line, ranks in zip(each, two_ranks):
            k, seconds = line["k"], line["exact"]
            peer, mean = peers.get(k, peers.get(100))
            if k in peers and abs(mean - line["mean"]) > 1e-5:
                sys.exit(f"the means differ: {line['mean']} and scikit-learn's {mean}")
            share = rows * rows * columns / seconds / threads / line["gemm_gflops"] / 1e9
            speedup = f"{seconds / ranks['exact']:.2f}" if threads == 1 else ""
            print(f"| {rows} x {columns} | {k} | {threads} | {seconds:.3f} | {peer:.2f} | {peer / seconds:.1f} |"
                  f" {share:.0%} | {speedup} | {line['simplified']:.3f} | {other['sampled']:.3f} |"
                  f" {other['for_each_more']:.4f} |", flush=True)


def main(build, shapes):
    print("| rows | k | threads | exact, s | scikit-learn, s | ratio | GEMM | 1 rank / 2 ranks | simplified, s |"
          " 2,000 sampled, s | each more, s |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for shape in shapes:
        rows, columns = map(int, shape.split("x"))
        with tempfile.TemporaryDirectory() as folder:
            compare(build, folder, rows, columns)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:] or SHAPES)
