"""Compares what coterie says before and during its work with the time that it takes; prints a Markdown table.

    progress_bench.py BUILD_DIR [--rows 50000,200000,800000] [--columns 32] [--threads 2] [STAGE ...]

Rows round 60 centres in uneven groups. "Said before": what `--dry-run` says, over the time taken. "Time left": the
smallest and the largest of the estimates on the bar after the first third, over the time that was really left; of less
than two seconds or a tenth nothing is judged. Needs NumPy.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
import time

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../jobs"))
from terminal import on_a_terminal

STAGES = {
    "cluster": ("--raw", "--k", "20,50"),
    "mini-batch": ("--raw", "--k", "100", "--algorithm", "mini-batch", "--name", "mini"),
    "reduce": ("--components", "16"),
    "evaluate": ("--clustering", "rows-kmeans",),
    "select": ("--clustering", "rows-kmeans", "--gap", "4", "--bootstrap", "8"),
}
SHOWN = re.compile(r"(\d+) %[^\r\n]*?, ([^,\r\n]*) left")
UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}
ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")


def seconds_of(text):
    """Of "3 min 20 s"."""
    return sum(int(number) * UNITS[unit] for number, unit in re.findall(r"(\d+) (\w+)", text))


def bar_of(command):
    """The seconds that it took, and what the bar said, with the second of each."""
    begin = time.monotonic()
    code, shown = on_a_terminal(command, ENVIRONMENT)
    taken = time.monotonic() - begin
    if code != 0:
        raise SystemExit(b"".join(piece for _, piece in shown).decode(errors="replace"))
    return taken, [(at, int(share), seconds_of(left)) for at, piece in shown for share, left in SHOWN.findall(piece.decode(errors="replace"))]


def measure(program, study, stage, options):
    command = [program, stage.replace("mini-batch", "cluster"), "--study", study, *options]
    before = re.search(r"would take about (.*?) on", subprocess.run([*command, "--dry-run"], env=ENVIRONMENT, check=True, capture_output=True, text=True).stdout)
    taken, said = bar_of(command)
    ratios = [left / (taken - at) for at, _, left in said if at > taken / 3 and taken - at > max(2, taken / 10)]
    worst = f"{min(ratios):.2f} to {max(ratios):.2f}" if ratios else ""
    if os.environ.get("PROGRESS_TRACE"):
        for at, share, left in said[:: max(1, len(said) // 40)]:
            print(f"    {at:7.1f} s  {share:3} %  {left} s left, really {taken - at:.1f}")
    return taken, seconds_of(before[1]) / taken if before else None, worst


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=", ".join(STAGES))
    parser.add_argument("--rows", default="50000,200000,800000")
    parser.add_argument("--columns", type=int, default=32)
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_intermixed_args()
    program = os.path.join(asked.build, "coterie")
    print("| rows | stage | taken, s | said before / taken | time left, said / real |\n|---|---|---|---|---|")
    for rows in map(int, asked.rows.split(",")):
        with tempfile.TemporaryDirectory() as place:
            dice = np.random.default_rng(1)
            centres = dice.normal(0, 2, size=(60, asked.columns))
            made = centres[np.minimum(dice.geometric(0.05, size=rows), 60) - 1] + dice.normal(size=(rows, asked.columns))
            np.save(os.path.join(place, "rows.npy"), made.astype("float32"))
            study = os.path.join(place, "study")
            subprocess.run([program, "import", "--study", study, "--file", os.path.join(place, "rows.npy"), "--name", "rows"], env=ENVIRONMENT, check=True, capture_output=True)
            for stage, options in STAGES.items():
                if asked.stages and stage not in asked.stages:
                    continue
                taken, before, left = measure(program, study, stage, (*options, "--threads", str(asked.threads)))
                print(f"| {rows:,} | {stage} | {taken:.1f} | {'' if before is None else f'{before:.2f}'} | {left} |", flush=True)


if __name__ == "__main__":
    main()
