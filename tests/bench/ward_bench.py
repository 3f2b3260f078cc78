"""Times Ward clustering beside scikit-learn on the same rows in one go, and prints the ratios as a Markdown table.

    ward_bench.py BUILD_DIR [ROWSxCOLUMNS ...]     needs scikit-learn, and a machine that does nothing else

Without shapes those of SHAPES: a quarter of an hour, most of it scikit-learn's at 4,096 columns.

The peer is AgglomerativeClustering(linkage="ward"), whose tree is scipy's: one thread, whatever it is allowed. Ours is
the best of three runs (of one above a minute), the peer's a single run. Memory is a rank's peak, the rows included.

features    the shape of network features: a 48-dimensional mixture of 150 clusters goes through two random layers
            with ReLU, and each row is divided by its length.
"""
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

SHAPES = ("14000x256", "14000x4096", "100000x256")
PEER_ROWS = 30_000  # beyond, scikit-learn's matrix of distances takes more than 4 GB


def features(rng, rows, columns):
    spectrum = (1.0 + np.arange(48)) ** -0.3
    label = rng.choice(150, size=rows, p=rng.dirichlet(np.full(150, 1.5)))
    start = (rng.normal(size=(150, 48)) * spectrum)[label] + 0.6 * rng.normal(size=(rows, 48)) * spectrum
    hidden = np.maximum(start @ rng.normal(size=(48, 512)) / 7, 0)
    rows = np.maximum(hidden @ rng.normal(size=(512, columns)) / 22 + 0.1, 0)
    return np.ascontiguousarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def time_peer(rows):
    from sklearn.cluster import AgglomerativeClustering

    AgglomerativeClustering(2, linkage="ward").fit(rows[:100])  # the libraries load
    begin = time.perf_counter()
    model = AgglomerativeClustering(2, linkage="ward", compute_distances=True).fit(rows)
    return time.perf_counter() - begin, model.distances_.sum()


def time_ours(build, path, ranks, threads, runs):
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    program = os.path.join(build, "tests/bench/ward_bench")
    command = ["mpirun", "--bind-to", "none", "-n", str(ranks), program, path, str(threads), str(runs)]
    return json.loads(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)


def bench(build, folder, rows, columns):
    peer = rows <= PEER_ROWS
    path = os.path.join(folder, "rows.npy")
    values = features(np.random.default_rng(7), rows, columns)
    np.save(path, values)
    runs = 3 if rows < 50_000 else 1
    peer_seconds, peer_heights = time_peer(values) if peer else (None, None)
    one = None
    for ranks, threads in ((1, 1), (1, 2), (2, 1)):
        ours = time_ours(build, path, ranks, threads, runs)
        one = one or ours["seconds"]
        off = "" if not peer else f"{abs(ours['heights'] / peer_heights - 1):.0e}"
        ratio = "" if not peer else f"{peer_seconds / ours['seconds']:.1f}"
        print(f"| {rows} x {columns} | {ranks} | {threads} | {ours['seconds']:.2f} | {ratio} | "
              f"{one / ours['seconds']:.2f} | {ours['peak_mb']:.0f} | {off} |", flush=True)


def main(build, *shapes):
    print("| rows | ranks | threads | seconds | scikit-learn / ours | 1 rank, 1 thread / this | peak MB of a rank | "
          "sum of heights off |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for shape in shapes or SHAPES:
            bench(build, folder, *map(int, shape.split("x")))


if __name__ == "__main__":
    main(*sys.argv[1:])
