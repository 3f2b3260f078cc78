"""Compares what plan predicted with what was taken: each study is measured, planned, then run whole, and the times are laid beside each other.

    plan_bench.py BUILD_DIR [CASE ...]     needs NumPy, the photographs and weights of tools/quickstart, an idle machine

Prints a Markdown table: what each stage was predicted to take and took, and the error of the forecast. Stages that take
less than a second are added up, since nobody plans for them. CASES are those of CASES below.
"""
import csv
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                   OMPI_MCA_btl_vader_single_copy_mechanism="none")
PHOTOGRAPHS = (ROOT / "configs" / "quickstart.ini").read_text()
ROWS = """[import]
file = {file}
[reduce]
components = 64
[cluster]
k = 10,20,50
[evaluate]
[select]
bootstrap = 5
gap = 5
[export]
"""
WARD = """[import]
file = {file}
[reduce]
components = 200
[cluster]
algorithm = ward
k = 5,10,20
[evaluate]
[export]
"""
WORDS, TOPICS = ((ROOT / "configs" / f"{name}.ini").read_text() for name in ("study1_bovw", "sift_lda"))
TRAINING = """[scan]
images = photos
[train]
width = 0.25
image-size = 96
epochs = 3
batch = 32
"""
# name: study, rows x columns (none: the photographs), ranks, threads
CASES = {
    "photographs, 1 rank of 2 threads": (PHOTOGRAPHS, None, 1, 2),
    "photographs, 2 ranks of 1 thread": (PHOTOGRAPHS, None, 2, 1),
    "words of Study 1, 2 ranks of 1 thread": (WORDS, None, 2, 1),
    "SIFT topics, 2 ranks of 1 thread": (TOPICS, None, 2, 1),
    "training, narrow, 2 ranks of 1 thread": (TRAINING, None, 2, 1),
    "60,000 x 1,280, 1 rank of 2 threads": (ROWS, (60_000, 1280), 1, 2),
    "60,000 x 1,280, 2 ranks of 1 thread": (ROWS, (60_000, 1280), 2, 1),
    "30,000 x 2,048, Ward, 2 ranks of 1 thread": (WARD, (30_000, 2048), 2, 1),
}


def coterie(program, ranks, *arguments):
    command = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks), str(program), *map(str, arguments)]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command}\n{done.stdout}{done.stderr}")


def features(rows, columns):
    """The shape of network features: a 48-dimensional mixture of 150 clusters through two random layers with ReLU."""
    rng = np.random.default_rng(5)
    spectrum = (1.0 + np.arange(48)) ** -0.3
    label = rng.choice(150, size=rows, p=rng.dirichlet(np.full(150, 1.5)))
    start = (rng.normal(size=(150, 48)) * spectrum)[label] + 0.6 * rng.normal(size=(rows, 48)) * spectrum
    hidden = np.maximum(start @ rng.normal(size=(48, 512)) / 7, 0)
    return np.maximum(hidden @ rng.normal(size=(512, columns)) / 22 + 0.1, 0).astype(np.float32)


def predicted(program, ini, folder, ranks, threads, more):
    coterie(program, ranks, "plan", ini, "--threads", threads, "--ranks", ranks, "--table", folder / "plan.csv", *more)
    with open(folder / "plan.csv", newline="") as file:
        return {row["stage"]: float(row["seconds"]) for row in csv.DictReader(file) if int(row["ranks"]) == ranks}


def taken(program, ini, folder, ranks, threads, more):
    coterie(program, ranks, "run", ini, "--threads", threads, "--study", folder / "study", *more)
    manifest = json.loads((folder / "study" / "manifest.json").read_text())
    return {entry["command"].split()[1]: entry["seconds"] for entry in manifest["commands"]}


def main(build, wanted):
    program = Path(build) / "coterie"
    photographs = subprocess.run([ROOT / "tools" / "fetch_photographs", "--where"], capture_output=True, text=True).stdout.strip()
    print("| study | stage | predicted, s | taken, s | error |\n|---|---|---|---|---|")
    for name, (text, shape, ranks, threads) in CASES.items():
        if wanted and not any(word in name for word in wanted):
            continue
        with tempfile.TemporaryDirectory() as place:
            folder, more = Path(place), []
            if shape:
                np.save(folder / "rows.npy", features(*shape))
            else:
                more = ["--images", photographs]
            (folder / "study.ini").write_text(text.format(file=folder / "rows.npy"))
            plan = predicted(program, folder / "study.ini", folder, ranks, threads, more)
            real = taken(program, folder / "study.ini", folder, ranks, threads, more)
        pairs = [(stage, plan[stage], real[stage]) for stage in plan]
        long = [pair for pair in pairs if pair[2] >= 1]
        short = [pair for pair in pairs if pair[2] < 1]
        if short:
            long.append((", ".join(pair[0] for pair in short), sum(p[1] for p in short), sum(p[2] for p in short)))
        long.append(("all", sum(p[1] for p in pairs), sum(p[2] for p in pairs)))
        for stage, before, after in long:
            print(f"| {name} | {stage} | {before:.2f} | {after:.2f} | {100 * (before / after - 1):+.0f} % |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
