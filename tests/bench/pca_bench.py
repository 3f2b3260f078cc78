"""Times coterie's PCA beside scikit-learn's on the same matrix, in turns, and prints medians and ratios.

    python pca_bench.py BUILD_DIR [ROWS COLUMNS ROUNDS]

Equal threads on both sides; scikit-learn's full solver decomposes in float32, coterie works in float64. The last lines
set two ranks beside one. Run it on an idle machine.
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
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits

BENCH = Path(sys.argv[1]) / "tests" / "bench" / "pca_bench"
ROWS, COLUMNS, ROUNDS = (int(v) for v in sys.argv[2:5]) if len(sys.argv) > 4 else (20_000, 2_048, 3)
ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")


def ours(matrix, ranks, threads, solver):
    command = ["mpirun", "--bind-to", "none", "-n", str(ranks), str(BENCH), str(matrix), str(threads), solver, "0"]
    answer = subprocess.run(command, check=True, env=ENVIRONMENT, capture_output=True, text=True).stdout
    return float(answer.split()[0])


def theirs(x, threads, solver):
    with threadpool_limits(threads):
        start = time.perf_counter()
        PCA(svd_solver=solver).fit(x)
        return time.perf_counter() - start


def main():
    x = np.random.default_rng(1).standard_normal((ROWS, COLUMNS), dtype=np.float32)
    print(f"{ROWS} x {COLUMNS} float32, scikit-learn {sklearn.__version__}, median of {ROUNDS}")
    with tempfile.TemporaryDirectory() as folder:
        matrix = Path(folder) / "matrix.npy"
        np.save(matrix, x)
        runs = {f"sklearn {solver} {t} threads": (lambda s=solver, t=t: theirs(x, t, s))
                for solver in ("full", "covariance_eigh") for t in (1, 2)}
        runs |= {f"coterie {solver} {r} ranks {t} threads": (lambda s=solver, r=r, t=t: ours(matrix, r, t, s))
                 for solver in ("covariance", "tsqr") for r, t in ((1, 1), (1, 2), (2, 1))}
        seconds = {name: [] for name in runs}
        for _ in range(ROUNDS):
            for name, run in runs.items():
                seconds[name].append(run())
    median = {name: statistics.median(values) for name, values in seconds.items()}
    for name, value in median.items():
        print(f"{name}: {value:.2f} s ({min(seconds[name]):.2f} to {max(seconds[name]):.2f})")
    for solver in ("covariance", "tsqr"):
        one = median[f"coterie {solver} 1 ranks 1 threads"]
        for t in (1, 2):
            ratio = median[f"sklearn full {t} threads"] / median[f"coterie {solver} 1 ranks {t} threads"]
            print(f"{solver}: {ratio:.2f} times as fast as scikit-learn's full at {t} threads")
        print(f"{solver}: 2 ranks {one / median[f'coterie {solver} 2 ranks 1 threads']:.2f} times as fast as 1")


if __name__ == "__main__":
    main()
