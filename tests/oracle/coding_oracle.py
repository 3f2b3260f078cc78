"""Compares agreement of coders and tests of shares with irrCAC, krippendorff, statsmodels, SciPy and R on random tables.

    python coding_oracle.py BUILD_DIR [SEED]

Ends with 1 and the figures when something differs by more than the bound printed beside it. Without Rscript prop.test is
left out, and said so.

Covers: coding
"""

import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import krippendorff
import numpy as np
import pandas as pd
from irrCAC.raw import CAC
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

PROBE = Path(sys.argv[1]) / "tests" / "coding" / "coding_probe"
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else int.from_bytes(os.urandom(4), "little")
TABLES = 40
failures = 0


def check(what, differences, bound):
    global failures
    worst = max(differences)
    good = worst <= bound
    failures += not good
    print(f"{'ok  ' if good else 'FAIL'} {what}, {len(differences)} of them: {worst:.2e} (at most {bound:.0e})")


def ours(questions):
    done = subprocess.run([PROBE], input="\n".join(questions) + "\n", capture_output=True, text=True, check=True)
    return [[float(number) for number in line.split()] for line in done.stdout.splitlines()]


def apart(mine, theirs):
    """How far two numbers differ; 0 where neither is defined."""
    if np.isnan(mine) and np.isnan(theirs):
        return 0
    return abs(mine - theirs) if not np.isnan(mine) and not np.isnan(theirs) else np.inf


def random_codes(rng):
    """Coders who agree more than by chance, and leave codes out; some tables lean to one category."""
    units, coders, categories = rng.integers(5, 60), rng.integers(2, 6), rng.integers(2, 6)
    shares = rng.dirichlet(np.full(categories, rng.choice([0.3, 3])))
    truth = rng.choice(categories, units, p=shares)
    codes = np.where(rng.random((units, coders)) < 0.7, truth[:, None], rng.choice(categories, (units, coders), p=shares)).astype(float)
    codes[rng.random(codes.shape) < rng.choice([0, 0.1, 0.4])] = np.nan
    return codes, categories


def check_groups(rng):
    # Where only one value occurs, or one unit has two codes, the peers divide by zero.
    tables = []
    while len(tables) < TABLES:
        codes, categories = random_codes(rng)
        paired = codes[(~np.isnan(codes)).sum(1) >= 2]
        if len(paired) >= 3 and len(np.unique(paired[~np.isnan(paired)])) >= 2:
            tables.append((codes, categories))
    found = ours([f"codes {len(codes)} {codes.shape[1]} {categories} 0 " + " ".join(str(int(code)) for code in np.nan_to_num(codes, nan=-1).ravel())
                  for codes, categories in tables])
    columns = {"agreement": [], "Fleiss' kappa": [], "Gwet's AC1": [], "AC1's error": [], "Krippendorff's alpha": []}
    for (codes, _), mine in zip(tables, found):
        # irrCAC rounds its figures to so many digits.
        table = CAC(pd.DataFrame(codes).astype(object).where(~np.isnan(codes), None), digits=12)
        gwet, fleiss = table.gwet()["est"], table.fleiss()["est"]
        columns["agreement"].append(apart(mine[0], gwet["pa"]))
        columns["Fleiss' kappa"].append(apart(mine[1], fleiss["coefficient_value"]))
        columns["Gwet's AC1"].append(apart(mine[2], gwet["coefficient_value"]))
        columns["AC1's error"].append(apart(mine[3], gwet["se"]))
        columns["Krippendorff's alpha"].append(apart(mine[4], krippendorff.alpha(reliability_data=codes.T, level_of_measurement="nominal")))
    for what, differences in columns.items():
        check(what, differences, 1e-9)


def check_kappa(rng):
    tables = [rng.integers(0, 40, (q, q)) + 5 * np.eye(q, dtype=int) for q in rng.integers(2, 6, TABLES)]
    found = ours([f"kappa {len(table)} " + " ".join(map(str, table.ravel())) for table in tables])
    theirs = [cohens_kappa(table) for table in tables]
    check("Cohen's kappa", [apart(mine[0], peer.kappa) for mine, peer in zip(found, theirs)], 1e-12)
    check("kappa's error", [apart(mine[1], peer.std_kappa) for mine, peer in zip(found, theirs)], 1e-12)
    check("its error under independence", [apart(mine[2], peer.std_kappa0) for mine, peer in zip(found, theirs)], 1e-12)


def random_shares(rng):
    n1, n2 = rng.integers(1, 60, 2)
    return rng.integers(0, n1 + 1), n1, rng.integers(0, n2 + 1), n2


def check_shares(rng):
    shares = [random_shares(rng) for _ in range(TABLES)]
    fisher = ours(["fisher " + " ".join(map(str, four)) for four in shares])
    check("Fisher's exact test", [apart(mine[0], stats.fisher_exact([[x1, n1 - x1], [x2, n2 - x2]])[1])
                                  for mine, (x1, n1, x2, n2) in zip(fisher, shares)], 1e-9)
    wilson = ours([f"wilson {x1} {n1}" for x1, n1, _, _ in shares])
    check("Wilson's interval", [max(np.abs(np.subtract(mine, proportion_confint(x1, n1, method="wilson"))))
                                for mine, (x1, n1, _, _) in zip(wilson, shares)], 1e-12)
    tail = ours([f"tail {x1} {n1} 0.2" for x1, n1, _, _ in shares])
    check("binomial tail", [apart(mine[0], stats.binom.sf(x1 - 1, n1, 0.2)) for mine, (x1, n1, _, _) in zip(tail, shares)], 1e-12)
    p = rng.random(15) ** 3
    check("Holm's correction", list(np.abs(np.subtract(ours(["holm " + " ".join(map(repr, map(float, p)))])[0], multipletests(p, method="holm")[1]))), 1e-12)
    return shares


R_PROGRAM = """
options(warn = -1)
tables <- as.matrix(read.table(file("stdin")))
for (i in seq_len(nrow(tables))) {
  found <- prop.test(tables[i, c(1, 3)], tables[i, c(2, 4)])
  cat(sprintf("%.15g", c(found$statistic, found$p.value, found$conf.int)), "\\n")
}
"""


def check_prop_test(shares):
    if not shutil.which("Rscript"):
        print("R is not here (apt-get install r-base-core): prop.test is compared by its test vectors alone")
        return
    text = "\n".join(" ".join(map(str, four)) for four in shares) + "\n"
    done = subprocess.run(["Rscript", "-e", R_PROGRAM], input=text, capture_output=True, text=True, check=True)
    theirs = [[float(number) for number in line.split()] for line in done.stdout.splitlines()]
    found = ours(["prop " + line for line in text.splitlines()])
    for place, what in enumerate(("statistic", "p-value", "lower bound", "upper bound")):
        check(f"prop.test's {what}", [apart(mine[place], peer[place]) for mine, peer in zip(found, theirs)], 1e-9)


def main():
    print(f"seed {SEED}")
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(SEED)
    check_groups(rng)
    check_kappa(rng)
    shares = check_shares(rng)
    shares += [(165.6, 180, 199.2, 240), (15, 25, 5, 25)]  # as published tables have them, hits that are not whole
    check_prop_test(shares)
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
