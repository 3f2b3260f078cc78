"""Times coterie's silhouettes beside scikit-learn's on the same rows, in turns, and prints medians and ratios.

    python silhouette_bench.py BUILD_DIR [ROWS CLUSTERS ROUNDS]

Equal threads on both sides; the last line of each width sets two ranks beside one. Run it on an idle machine.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import sklearn
from sklearn.metrics import silhouette_score
from threadpoolctl import threadpool_limits

BENCH = Path(sys.argv[1]) / "tests" / "bench" / "silhouette_bench"
ROWS, CLUSTERS, ROUNDS = (int(v) for v in sys.argv[2:5]) if len(sys.argv) > 4 else (20_000, 20, 3)
ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")


def ours(folder, ranks, threads):
    command = ["mpirun", "--bind-to", "none", "-n", str(ranks), str(BENCH), str(folder / "rows.npy"),
               str(folder / "labels.npy"), str(CLUSTERS), str(threads)]
    answer = subprocess.run(command, check=True, env=ENVIRONMENT, capture_output=True, text=True).stdout
    return tuple(float(word) for word in answer.split())


def theirs(x, labels, threads):
    with threadpool_limits(threads):
        start = time.perf_counter()
        score = silhouette_score(x, labels)
        return time.perf_counter() - start, score


def compare(rng, columns):
    labels = rng.integers(0, CLUSTERS, ROWS).astype(np.int32)
    x = rng.standard_normal((ROWS, columns)) + rng.standard_normal((CLUSTERS, columns))[labels]
    x = x.astype(np.float32)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.save(folder / "rows.npy", x)
        np.save(folder / "labels.npy", labels)
        runs = {f"sklearn {t} threads": (lambda t=t: theirs(x, labels, t)) for t in (1, 2)}
        runs |= {f"coterie {r} ranks {t} threads": (lambda r=r, t=t: ours(folder, r, t))
                 for r, t in ((1, 1), (1, 2), (2, 1))}
        results = {name: [] for name in runs}
        for _ in range(ROUNDS):
            for name, run in runs.items():
                results[name].append(run())
    median = {name: statistics.median(seconds for seconds, _ in values) for name, values in results.items()}
    for name, value in median.items():
        print(f"  {name}: {value:.2f} s, score {results[name][0][1]:.8f}")
    for t in (1, 2):
        print(f"  {median[f'sklearn {t} threads'] / median[f'coterie 1 ranks {t} threads']:.1f} times as fast at {t} threads")
    print(f"  2 ranks {median['coterie 1 ranks 1 threads'] / median['coterie 2 ranks 1 threads']:.2f} times as fast as 1")


def main():
    rng = np.random.default_rng(1)
    for columns in (32, 256):
        print(f"{ROWS} x {columns} float32 in {CLUSTERS} clusters, scikit-learn {sklearn.__version__}, median of {ROUNDS}")
        compare(rng, columns)


if __name__ == "__main__":
    main()
