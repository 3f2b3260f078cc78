"""Times the codebook over byte descriptors beside FAISS on the same rows in one go; prints a Markdown table.

    codebook_bench.py BUILD_DIR [--rows 1000000] [--words 300] [--iterations 10] [--threads 1]

Needs faiss-cpu, and a machine that does nothing else. The rows are like SIFT's: sparse, skewed, of length about 512.
FAISS clusters the same rows as float32, all of them (max_points_per_centroid is raised), for as many iterations; then
both find the nearest word of every row. The inertia of both is printed, so that the times mean the same work. Below the
table: how much faster two ranks are than one.
"""
import argparse
import json
import os
import subprocess
import tempfile
import time

import faiss
import numpy

parser = argparse.ArgumentParser()
parser.add_argument("build")
parser.add_argument("--rows", type=int, default=1_000_000)
parser.add_argument("--words", type=int, default=300)
parser.add_argument("--iterations", type=int, default=10)
parser.add_argument("--threads", type=int, default=1)
options = parser.parse_args()


def sift_like(rows):
    draw = numpy.random.default_rng(3)
    centres = numpy.maximum(draw.normal(20, 40, (2000, 128)), 0)
    made = numpy.empty((rows, 128), numpy.uint8)
    for begin in range(0, rows, 100_000):
        some = centres[draw.integers(0, 2000, min(100_000, rows - begin))]
        some = numpy.maximum(some + draw.normal(0, 15, some.shape), 0)
        some *= 512 / numpy.linalg.norm(some, axis=1, keepdims=True)
        made[begin:begin + len(some)] = numpy.minimum(some, 255)
    return made


def ours(path, ranks):
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", OMPI_MCA_btl_vader_single_copy_mechanism="none")
    command = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks), os.path.join(options.build, "tests/bench/codebook_bench"),
               path, "128", str(options.words), str(options.iterations), str(options.threads), "1"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout)


def theirs(rows):
    faiss.omp_set_num_threads(options.threads)
    begin = time.perf_counter()
    floats = rows.astype(numpy.float32)
    kmeans = faiss.Kmeans(128, options.words, niter=options.iterations, seed=1, max_points_per_centroid=10**9)
    kmeans.train(floats)
    trained = time.perf_counter()
    distances, _ = kmeans.assign(floats)
    return {"train": trained - begin, "assign": time.perf_counter() - trained, "inertia": float(distances.sum())}


rows = sift_like(options.rows)
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "rows.u8")
    rows.tofile(path)
    mine, shared = ours(path, 1), ours(path, 2)
peer = theirs(rows)
print(f"{options.rows} x 128 bytes, {options.words} words, {options.iterations} iterations, {options.threads} thread(s)\n")
print("| | coterie | FAISS | ratio |\n|---|---|---|---|")
for part in ("train", "assign"):
    print(f"| {part}, s | {mine[part]:.2f} | {peer[part]:.2f} | {peer[part] / mine[part]:.1f} |")
print(f"| inertia | {mine['inertia']:.4g} | {peer['inertia']:.4g} | {peer['inertia'] / mine['inertia']:.3f} |")
print("\n2 ranks: " + ", ".join(f"{part} {mine[part] / shared[part]:.2f} times as fast" for part in ("train", "assign")))
