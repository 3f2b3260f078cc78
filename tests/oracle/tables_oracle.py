"""Whether pandas (by pyarrow) and DuckDB read in `assignments.parquet` what `assignments.csv` says, with the types that the columns have.

    python tables_oracle.py BUILD_DIR

Covers: parquet export cluster_table
"""
import csv
import os
import subprocess
import sys
import tempfile

import duckdb
import numpy as np
import pandas

ROWS = 150_000  # two row groups


def made_table(place):
    """Rows with metadata: whole numbers, numbers, texts of all alphabets, and what looks like a number and is none; some missing."""
    dice = np.random.default_rng(int.from_bytes(os.urandom(4), "little"))
    path = os.path.join(place, "rows.csv")
    words = ["", "żółw", "象", "a,b", 'say "so"', "=1+1", "NA"]
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["path", "f0", "f1", "year", "width", "zip", "word"])
        for i, (group, x, y) in enumerate(zip(dice.integers(0, 3, ROWS), *dice.normal(size=(2, ROWS)))):
            table.writerow([f"bild-{i}.jpg", group + x / 9, y / 9, "" if i % 7 == 0 else 1900 + i % 99, "NA" if i % 5 == 0 else i / 8,
                            f"{i % 99999:05}", words[i % len(words)]])
    return path


def main():
    program = os.path.join(os.path.abspath(sys.argv[1]), "coterie")
    with tempfile.TemporaryDirectory() as place:
        study = os.path.join(place, "study")

        def coterie(*arguments):
            subprocess.run([program, arguments[0], "--study", study, *arguments[1:]], check=True, stdout=subprocess.DEVNULL)

        coterie("import", "--file", made_table(place), "--name", "rows", "--feature-columns", "f0,f1")
        coterie("cluster", "--raw", "--k", "3", "--algorithm", "mixture", "--n-init", "1")
        coterie("export", "--k", "3", "--parquet", "--exact")
        folder = os.path.join(study, "tables", "rows-mixture-k3")
        with open(os.path.join(folder, "assignments.csv"), newline="", encoding="utf-8") as file:
            wanted = list(csv.DictReader(file))
        found = pandas.read_parquet(os.path.join(folder, "assignments.parquet"))
        types = duckdb.sql(f"describe select * from '{folder}/assignments.parquet'").df()
        counted = duckdb.sql(f"select count(*), count(year), sum(year), count(word) from '{folder}/assignments.parquet'").fetchall()[0]
    assert len(found) == len(wanted) == ROWS and list(found) == list(wanted[0])
    types = dict(zip(types["column_name"], types["column_type"]))
    assert {name: types[name] for name in ("path", "label", "distance", "p0", "year", "width", "zip", "word")} == {
        "path": "VARCHAR", "label": "INTEGER", "distance": "FLOAT", "p0": "FLOAT", "year": "BIGINT", "width": "DOUBLE", "zip": "VARCHAR", "word": "VARCHAR"}, types
    for name in found:
        texts, column = [row[name] for row in wanted], found[name]
        if types[name] == "VARCHAR":
            same = [text == ("" if value is None else value) for text, value in zip(texts, column)]
        else:
            numbers = pandas.to_numeric(pandas.Series(texts).replace({"": None, "NA": None})).to_numpy(float)
            same = np.isclose(numbers, column.to_numpy(float), rtol=1e-5, atol=1e-6, equal_nan=True)
        assert np.all(same), (name, np.flatnonzero(~np.asarray(same))[:5])
        print(f"ok   {name}: {types[name]}, {column.isna().sum()} missing")
    years = [int(row["year"]) for row in wanted if row["year"]]
    assert counted == (ROWS, len(years), sum(years), sum(row["word"] != "" for row in wanted)), counted
    print("ok   counts and sums by DuckDB")


if __name__ == "__main__":
    main()
