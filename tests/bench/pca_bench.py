"""Times coterie's PCA beside scikit-learn's on the same matrix and prints a Markdown table of ratios.

    python pca_bench.py BUILD_DIR [SHAPE ...]      SHAPE like 20000x2048; without it, five shapes (12 minutes)

Equal threads on both sides; best of two runs. scikit-learn decomposes float32 rows in float32, coterie in float64, to
1e-8 of the largest singular value or better. "all" keeps min(N, D) components; scikit-learn's full and covariance_eigh
solvers find all in any case. "of GEMM" is the share of the processor's double-precision GEMM rate (one thread, measured
in the same run) that N D^2 or N^2 D flops in the whole time make. Run it on an idle machine.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import sklearn
from sklearn.decomposition import PCA, IncrementalPCA
from threadpoolctl import threadpool_limits

BENCH = Path(sys.argv[1]) / "tests" / "bench" / "pca_bench"
SHAPES = sys.argv[2:] or ["20000x2048", "50000x256", "14000x4096", "45x94080", "2000x94080"]
ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                   OMPI_MCA_btl_vader_single_copy_mechanism="none")
ROUNDS = int(os.environ.get("ROUNDS", "2"))


def ours(matrix, ranks, threads, solver, components):
    command = ["mpirun", "--bind-to", "none", "-n", str(ranks), str(BENCH), str(matrix), str(threads), solver,
               str(components), str(ROUNDS)]
    answer = subprocess.run(command, check=True, env=ENVIRONMENT, capture_output=True, text=True).stdout.split()
    return float(answer[0]), answer[1], float(answer[2])


def theirs(x, threads, model):
    best = float("inf")
    with threadpool_limits(threads):
        for _ in range(ROUNDS):
            start = time.perf_counter()
            model.fit(x)
            best = min(best, time.perf_counter() - start)
    return best


def cases(n, d):
    """Solver, components, and scikit-learn's counterpart where it is another one than `full` and `covariance_eigh`."""
    yield "auto", 32, PCA(32, svd_solver="randomized")
    if min(n, d) > 200:
        yield "auto", 200, PCA(200, svd_solver="randomized")
    yield "auto", 0, None
    if n >= d and n * d * d < 1e11:
        yield "tsqr", 0, None
    if min(n, d) > 32:
        yield "randomized", 32, PCA(32, svd_solver="randomized")
    if n >= 5 * d:
        yield "incremental", 32, IncrementalPCA(32)


def table(folder, shape):
    n, d = map(int, shape.split("x"))
    x = np.random.default_rng(1).standard_normal((n, d), dtype=np.float32)
    x *= np.geomspace(1, 0.05, d, dtype=np.float32)
    matrix = folder / "matrix.npy"
    np.save(matrix, x)
    full, eigen, peers = {}, {}, {}
    for solver, components, peer in cases(n, d):
        for threads in (1, 2):
            if threads not in full:
                full[threads] = theirs(x, threads, PCA(svd_solver="full"))
                eigen[threads] = theirs(x, threads, PCA(svd_solver="covariance_eigh")) if d <= 4096 else float("nan")
            key = (str(peer), threads)
            if peer is not None and key not in peers:
                peers[key] = theirs(x, threads, peer)
            seconds, used, gemm = ours(matrix, 1, threads, solver, components)
            two = f"{seconds / ours(matrix, 2, 1, solver, components)[0]:.2f}" if threads == 1 else ""
            flops = n * d * min(n, d) * 1e-9
            share = f"{100 * flops / seconds / gemm / threads:.0f} %" if used in ("covariance", "gram") else ""
            other = f"{peers[key] / seconds:.2f}" if peer is not None else ""
            print(f"| {n:,} x {d:,} | {used} | {components or 'all'} | {threads} | {seconds:.2f} | {full[threads] / seconds:.2f} |"
                  f" {eigen[threads] / seconds:.2f} | {other} | {two} | {share} |", flush=True)


def main():
    print(f"scikit-learn {sklearn.__version__}, float32 rows, best of {ROUNDS}")
    print("| rows | solver | components | threads | seconds | full / ours | covariance_eigh / ours | randomized or"
          " IncrementalPCA / ours | 1 rank / 2 ranks | of GEMM |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for shape in SHAPES:
            table(Path(folder), shape)


if __name__ == "__main__":
    main()
