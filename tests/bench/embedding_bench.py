"""Times t-SNE beside openTSNE and scikit-learn, and UMAP beside umap-learn, on the same rows in one go; prints a table.

    embedding_bench.py BUILD_DIR [--rows 10000] [--columns 50] [--threads 2] [--groups 20] [--runs 1] [--without scikit,umap]
                       [--iterations 250,500]

Rows round GROUPS centres. All sides find neighbours, weigh them and make the map in the plane, by their own defaults, on
the same number of threads; each takes its turn in a process of its own, and the best of RUNS counts: by the clock, and
by processor time, all threads together, which others on the machine disturb less (and which hides what waits for one
thread). Ours is the preset of the peer. The divergence that openTSNE and scikit-learn end with is computed anew, exactly,
from our affinities (both make the same but for their neighbours): the ratio counts only where ours is no higher than 1 %
above. --iterations: with early exaggeration and after it, of openTSNE and ours beside it, for sizes at which all of them
take too long (100,000 rows: 50,100); the others run theirs always.

Compiling umap-learn's loops (numba) is not counted: it embeds 5,000 rows first, enough for
its approximate neighbours. The quality of UMAP: the share of the 10
nearest that are among the 10 nearest on the map. Needs openTSNE, scikit-learn and umap-learn.
"""
import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile

OURS = {"openTSNE": ("preset=opentsne",), "scikit-learn": ("preset=sklearn",), "umap-learn": ("method=umap",)}
PEERS = {
    "openTSNE": "from openTSNE import TSNE\nmake = lambda rows: TSNE(n_jobs=THREADS, random_state=1, early_exaggeration_iter=EARLY, n_iter=LATE).fit(rows)",
    "scikit-learn": "from sklearn.manifold import TSNE\nmake = lambda rows: TSNE(n_jobs=THREADS, random_state=1).fit_transform(rows)",
    "umap-learn": "sys.modules['coverage'] = sys.modules['tensorflow'] = None\nimport umap\nmake = lambda rows: umap.UMAP(n_jobs=THREADS).fit_transform(rows)\n"
                  "umap.UMAP(n_jobs=THREADS, n_epochs=2).fit_transform(np.random.normal(size=(5000, rows.shape[1])).astype(np.float32))",
}
PEER = """import sys, time
import numpy as np
rows = np.load(sys.argv[1])
{make}
begin = time.perf_counter(), time.process_time()
found = make(rows)
print(time.perf_counter() - begin[0], time.process_time() - begin[1])
np.save(sys.argv[2], np.asarray(found, float))
"""


def environment(threads):
    return {**os.environ, **{name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")},
            "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}


def peer(name, folder, threads, iterations):
    """Seconds by the clock, and of the processors."""
    script = PEER.format(make=PEERS[name]).replace("THREADS", str(threads)).replace("EARLY", iterations[0]).replace("LATE", iterations[1])
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script, f"{folder}/rows.npy", f"{folder}/peer.npy"], env=environment(threads),
                          stdout=subprocess.PIPE, text=True, check=True)
    return [float(text) for text in done.stdout.split()[-2:]]


def ours(name, build, folder, threads, iterations):
    settings = OURS[name] + ((f"early={iterations[0]}", f"late={iterations[1]}") if name == "openTSNE" else ())
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([os.path.join(build, "tests/embedding/embedding_probe"), folder, str(threads), "dump=1", *settings], env=environment(threads),
                          stdout=subprocess.PIPE, text=True, check=True)
    after, said = resource.getrusage(resource.RUSAGE_CHILDREN), json.loads(done.stdout)
    processors = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return [said["neighbours_s"] + said["affinities_s"] + said["map_s"], processors]


def divergence(folder, positions):
    """Of our affinities from the map's similarities, all pairs, block by block."""
    import numpy as np

    values, columns, offsets = (np.load(f"{folder}/{name}.npy") for name in ("values", "columns", "offsets"))
    rows, total = np.repeat(np.arange(len(positions)), np.diff(offsets)), 0.0
    step = max(1, 10**7 // len(positions))  # 80 MB
    for first in range(0, len(positions), step):
        block = positions[first:first + step]
        square = np.ones((len(block), len(positions)))
        for column in range(positions.shape[1]):
            square += (block[:, None, column] - positions[None, :, column]) ** 2
        total += (1 / square).sum() - len(block)
    square = ((positions[rows] - positions[columns]) ** 2).sum(1)
    values = values.astype(float)
    return float((values * np.log(values * total * (1 + square))).sum())


def kept(rows, positions, count=10, sample=2000):
    import numpy as np
    from sklearn.neighbors import NearestNeighbors

    asked = np.random.default_rng(1).permutation(len(rows))[:sample]
    there, here = (NearestNeighbors(n_neighbors=count + 1).fit(x).kneighbors(x[asked], return_distance=False) for x in (rows, positions))
    return float(np.mean([len(np.intersect1d(a, b)) - 1 for a, b in zip(there, here)])) / count


def compare(name, arguments, folder):
    import numpy as np

    mine, theirs, iterations = [float("inf")] * 2, [float("inf")] * 2, arguments.iterations.split(",")
    for _ in range(arguments.runs):
        mine = list(map(min, mine, ours(name, arguments.build, folder, arguments.threads, iterations)))
        theirs = list(map(min, theirs, peer(name, folder, arguments.threads, iterations)))
    rows = np.load(f"{folder}/rows.npy")
    measure = (lambda found: kept(rows, found)) if name == "umap-learn" else (lambda found: divergence(folder, found))
    good = [measure(np.load(f"{folder}/{found}.npy")) for found in ("positions", "peer")]
    print(f"| {name} | {mine[0]:.1f} s | {theirs[0]:.1f} s | **{theirs[0] / mine[0]:.2f}** | {mine[1]:.1f} s | {theirs[1]:.1f} s | **{theirs[1] / mine[1]:.2f}** | "
          f"{'neighbours kept' if name == 'umap-learn' else 'KL'} {good[0]:.4f} and {good[1]:.4f} |", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    for option, default in (("rows", 10000), ("columns", 50), ("threads", 2), ("groups", 20), ("runs", 1)):
        parser.add_argument(f"--{option}", type=int, default=default)
    parser.add_argument("--without", default="")
    parser.add_argument("--iterations", default="250,500")
    arguments = parser.parse_args()
    import numpy as np

    dice = np.random.default_rng(7)
    centres = dice.normal(size=(arguments.groups, arguments.columns)) * 2
    rows = (centres[dice.integers(arguments.groups, size=arguments.rows)] + dice.normal(size=(arguments.rows, arguments.columns))).astype(np.float32)
    print(f"{arguments.rows} rows of {arguments.columns} numbers, {arguments.threads} threads\n\n| beside | ours | the peer | peer / ours | processors: ours | the peer | peer / ours | how good, ours and the peer's |\n|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/rows.npy", rows)
        for name in PEERS:
            if not any(each and each in name for each in arguments.without.split(",")):
                compare(name, arguments, folder)


if __name__ == "__main__":
    main()
