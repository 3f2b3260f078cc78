"""What a fresh study would say: made once of each set of inputs and options, and kept, since most time goes there."""

import csv
import os
import random
import shutil
import threading

from generation_study import Fault, coterie, h5py, picture, table

POOL = 14  # pictures, or rows, that any image may have for its content; each has a variant as well
ASSIGN = ("--threads", "1")
ALGORITHMS = {"c1": ("algorithm = k-means", "n-init = 2"), "c2": ("algorithm = k-means", "n-init = 1"), "w": ("algorithm = ward",),
              "m": ("algorithm = mixture", "covariance = diagonal", "regularization = 0.01")}


def content_bytes(content):
    return picture(content % POOL, changed=content >= POOL)


def content_row(content):
    """Four numbers round one of three centres; a variant lies round another."""
    dice, centre = random.Random(f"row {content}"), (content + content // POOL) % 3
    return [f"{5 * (centre == axis) + dice.gauss(0, 1):.5f}" for axis in range(4)]


def write_list(folder, rows, columns=("kind",)):
    """rows: (name, content, values ...)"""
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "list.csv"), "w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(["path", *columns])
        lines.writerows([name, *values[:len(columns)]] for name, _, *values in rows)


def write_imported(path, rows, columns=("kind",)):
    with open(path, "w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(["path", *columns, "a", "b", "c", "d"])
        lines.writerows([name, *values[:len(columns)], *content_row(content)] for name, content, *values in rows)


class Once:
    """A function's results, each computed by whoever asks first."""

    def __init__(self, function):
        self.function, self.kept, self.lock = function, {}, threading.Lock()

    def __call__(self, key):
        with self.lock:
            own = self.kept.setdefault(key, [threading.Lock()])
        with own[0]:
            if len(own) == 1:
                own.append(self.function(key))
            return own[1]


class Fresh:
    """Studies made of (source, weights, rows) and options, nothing else having ever happened in them."""

    def __init__(self, folder):
        self.folder, self.count, self.counting = folder, 0, threading.Lock()
        self.features, self.clustering, self.assignment = Once(self.make_features), Once(self.make_clustering), Once(self.make_assignment)
        write_list(os.path.join(folder, "pool"), [(f"{content}.ppm", content, "") for content in range(2 * POOL)])
        for content in range(2 * POOL):
            with open(os.path.join(folder, "pool", f"{content}.ppm"), "wb") as file:
                file.write(content_bytes(content))
        write_imported(os.path.join(folder, "pool.csv"), [(f"{content}.ppm", content, "") for content in range(2 * POOL)])

    def place(self):
        with self.counting:
            self.count += 1
            folder = os.path.join(self.folder, f"fresh-{self.count}")
        os.makedirs(folder)
        return folder

    @staticmethod
    def run(*arguments, cwd):
        outcome = coterie(*arguments, cwd=cwd)
        if outcome.code:
            raise Fault(f"a fresh study cannot be made: {outcome}")

    def make_features(self, key):
        _, source, weights, rows = key[:4]
        folder = self.place()
        rows = [(name, content, "x") for name, content in rows if content is not None]
        if source == "rows":
            write_imported(os.path.join(folder, "x.csv"), rows)
            self.run("import", "--study", "study", "--file", "x.csv", "--name", "f", cwd=folder)
            return folder
        write_list(os.path.join(folder, "images"), rows)
        for name, content, _ in rows:
            with open(os.path.join(folder, "images", name), "wb") as file:
                file.write(content_bytes(content))
        self.run("scan", "--study", "study", "--images", "images/list.csv", cwd=folder)
        self.run("extract", "--study", "study", "--weights", weights, "--name", "f", "--threads", "1", cwd=folder)
        return folder

    def make_clustering(self, key):
        """Everything that follows from one clustering: {"folder", "names", k: {path: fields}, "silhouette": {k: ...}, "selection": {k: row}}."""
        _, name, k, seed, parent = key
        reduction = parent if parent[0] == "reduction" else None
        features = self.features(reduction[-1] if reduction else parent)
        folder = self.place()
        shutil.copytree(os.path.join(features, "study"), os.path.join(folder, "study"))
        lines = ["[study]", "study = study"]
        if reduction:
            lines += ["[reduce]", "features = f", f"name = {reduction[1]}", f"components = {reduction[2]}"]
        lines += ["[cluster]", "features = f", *([f"reduction = {reduction[1]}"] if reduction else ["raw = true"]), f"name = {name}", f"k = {k}",
                  f"seed = {seed}", *(ALGORITHMS[name])]
        if name == "w":
            lines.remove(f"seed = {seed}")
        lines += ["[evaluate]", f"clustering = {name}", "[select]", f"clustering = {name}", "bootstrap = 0", "gap = 0", "figures = false",
                  "[export]", f"clustering = {name}", f"k = {k}"]
        with open(os.path.join(folder, "study.ini"), "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        self.run("run", "study.ini", cwd=folder)
        found = {"folder": folder, "silhouette": {}, "tables": {}}
        study = os.path.join(folder, "study")
        with h5py.File(os.path.join(study, "evaluations", f"{name}.h5"), "r") as file:
            for group in (group for group in file if group.startswith("k=")):
                found["silhouette"][int(group[2:])] = float(file[group]["silhouette_mean"][0]) if "silhouette_mean" in file[group] else None
        for count in found["silhouette"]:
            found["tables"][count] = {row["path"]: row for row in table(study, "tables", f"{name}-k{count}", "assignments.csv")}
        found["selection"] = {int(row["k"]): row for row in table(study, "tables/selections", name, "k_selection.csv")}
        return found

    def make_assignment(self, key):
        """{content: fields} of everything in the pool, given to one clustering's k clusters."""
        clustering, k = key
        name, parent = clustering[1], clustering[-1]
        source, weights = (parent[-1] if parent[0] == "reduction" else parent)[1:3]
        folder = self.place()
        shutil.copytree(os.path.join(self.clustering(clustering)["folder"], "study"), os.path.join(folder, "study"))
        what = ("--file", "../pool.csv") if source == "rows" else ("--images", "../pool/list.csv", "--weights", weights)
        self.run("assign", "--study", "study", "--clustering", name, "--k", str(k), *what, "--name", "own", *ASSIGN, cwd=folder)
        rows = table(folder, "study/tables/assignments/own/assigned.csv")
        return {int(row["path"].split(".")[0]): {name: value for name, value in row.items() if name != "path"} for row in rows}
