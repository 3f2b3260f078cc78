"""Commands that read clusterings, and what their tables must say: what those of a fresh study do, or what is counted again from those."""

import os

from generation_study import adjusted_rand, check, h5py, table
from model_world import CURRENT, PERHAPS, STALE

WEIGHTS = ("random:7", "random:8")
KS = ("2,3", "3", "2-4")
COUNTS = {"2,3": (2, 3), "3": (3,), "2-4": (2, 3, 4)}
OPTIONS = {"c1": ("--n-init", "2"), "c2": ("--n-init", "1"), "w": ("--algorithm", "ward"),
           "m": ("--algorithm", "mixture", "--covariance", "diagonal", "--regularization", "0.01")}
NAMES = tuple(OPTIONS)
MADE, UP_TO_DATE, REFUSED = "made", "up to date", "refused"


class Readers:
    """That part of a sequence; `world`, `model`, `fresh`, `counts`, `said`, `study`, coterie() and kinds_of() are the sequence's."""

    def truth(self, name):
        return self.fresh.clustering(self.model.made["clusterings", name])

    def same(self, there, right, what):
        self.counts["compared"] += 1
        check(there == right, f"{what} is not what a fresh study has: {there} instead of {right}")

    def check_evaluations(self, name):
        truth, kinds = self.truth(name), self.kinds_of(self.model.made["clusterings", name])
        with h5py.File(os.path.join(self.study, "evaluations", f"{name}.h5"), "r") as file:
            for k, silhouette in truth["silhouette"].items():
                group = file[f"k={k}"]
                there = float(group["silhouette_mean"][0]) if "silhouette_mean" in group else None
                self.same(there, silhouette, f"the silhouette of {name}, k = {k}")
                index = adjusted_rand([row["label"] for row in truth["tables"][k].values()], kinds)
                self.same(round(float(group["agreement/kind/adjusted_rand"][0]), 6), round(index, 6), f"the agreement of {name}, k = {k}")

    def check_selections(self, name):
        truth, kinds = self.truth(name), self.kinds_of(self.model.made["clusterings", name])
        rows = {int(row["k"]): row for row in table(self.study, "tables/selections", name, "k_selection.csv")}
        for k, right in truth["selection"].items():
            row = rows[k]
            index = adjusted_rand([line["label"] for line in truth["tables"][k].values()], kinds)
            self.same(round(float(row["ari_kind"]), 6), round(index, 6), f"k_selection.csv of {name}: ari_kind of k = {k}")
            self.same({column: value for column, value in row.items() if column not in ("ari_kind", "recommended")},
                      {column: value for column, value in right.items() if column != "recommended"}, f"k_selection.csv of {name}, k = {k}")
        self.same(sorted(rows), sorted(truth["selection"]), f"k of k_selection.csv of {name}")

    def check_table(self, name, k):
        truth = self.truth(name)["tables"][k]
        folder = os.path.join(self.study, "tables", f"{name}-k{k}")
        check(os.path.isdir(folder), f"no tables of {name}, k = {k}")
        rows = {row["path"]: row for row in table(folder, "assignments.csv")}
        clustered = {path: content for path, content in self.features_rows(name) if content is not None}
        if self.world.source == "images":
            listed, now = {row[0]: row for row in self.model.listed.rows}, self.world.contents()
            right = {path: (listed[path][2:]) for path, content in clustered.items() if path in listed and listed[path][1] == content}
            open_to_both = {path for path in right if now.get(path) != clustered[path] or path in self.model.listed.duplicates}
            skipped = [row["path"] for row in table(folder, "skipped.csv")]
            self.same(sorted([*rows, *skipped]), sorted(listed), f"the images of {name}-k{k} and those skipped together")
            columns = self.model.listed.columns
        else:
            right, open_to_both = {row[0]: row[1:] for row in self.model.made["features", "f"][4]}, set()
            columns = ("kind", "where")[:len(next(iter(right.values())))]
        self.same(sorted(set(rows) - open_to_both), sorted(set(right) - open_to_both), f"the rows of {name}-k{k}")
        check(set(rows) <= set(right), f"{name}-k{k} has rows of other images: {sorted(set(rows) - set(right))}")
        for path, row in rows.items():
            values = {column: right[path][place] for place, column in enumerate(columns)}
            there = {column: value for column, value in row.items() if column != "folder"}
            clustered = {column: value for column, value in truth[path].items() if column not in ("kind", "folder")}
            self.same(there, {**clustered, **values}, f"{path} in {name}-k{k}")

    def features_rows(self, name):
        key = self.model.made["clusterings", name]
        return (key[-1] if key[-1][0] == "features" else key[-1][-1])[3]

    # ---- commands that read one clustering or several

    def which(self, name, k):
        """The clustering and the k that a command reads when given this name, or none, and this k, or none."""
        choice = self.model.choice
        if name is None:
            name = choice[0] if choice else self.model.newest()
        key = self.model.made.get(("clusterings", name))
        if key is None:
            return name, ()
        if k is not None:
            return name, (k,) if k in COUNTS[key[2]] else ()
        if choice and choice[0] == name:
            return name, (choice[1],) if choice[1] in COUNTS[key[2]] else ()
        return name, COUNTS[key[2]]

    def joined(self, name, join=True):
        """What may come of a command that reads one clustering."""
        fit = self.model.fit("clusterings", name, join)
        return {REFUSED} if fit == STALE else {MADE} if fit == CURRENT else {MADE, REFUSED}

    def step_export(self, name, k):
        self.do_export(*self.export_arguments(name, k))

    @staticmethod
    def export_arguments(name, k):
        given, count = (None if name % 5 == 4 else NAMES[name % 5]), (None, 2, 3)[k % 3]
        arguments = ["export"] + (["--clustering", given] if given else []) + (["--k", str(count)] if count else [])
        return arguments, given, count

    def do_export(self, arguments, given, count):
        name, ks = self.which(given, count)
        may = self.joined(name) if ks else {REFUSED}
        outcome = self.coterie(*arguments)
        self.exported(outcome, may, name, ks)

    def exported(self, outcome, may, name, ks):
        if outcome.code != 0:
            check(REFUSED in may, f"refused without need: {outcome}")
            self.keep_refusal(outcome)
            return
        check(MADE in may, f"done, where it must be refused: {outcome}")
        self.model.exports = True
        for k in ks:
            try:
                self.check_table(name, k)
            except AssertionError as fault:
                raise type(fault)(f"{fault}\n{outcome}") from None

    def step_assign(self, name, k, overwrite):
        given, count = (None if name % 5 == 4 else NAMES[name % 5]), (None, 2, 3)[k % 3]
        name, ks = self.which(given, count)
        key = self.model.made.get(("clusterings", name))
        may = self.joined(name, join=False) if len(ks) == 1 else {REFUSED}
        arguments = ["assign", "--name", "own"] + (["--clustering", given] if given else []) + (["--k", str(count)] if count else [])
        if self.world.source == "images":
            weights = (key[-1] if key[-1][0] == "features" else key[-1][-1])[2] if key else WEIGHTS[0]
            arguments += ["--images", "images/list.csv", "--weights", weights, "--threads", "1"]
        else:
            arguments += ["--file", "x.csv"]
        outcome = self.coterie(*arguments, *("--overwrite",) * (overwrite % 2))
        if outcome.code:
            there = ("assignments", "own") in self.model.made and not overwrite % 2
            check(REFUSED in may or there, f"refused without need: {outcome}")
            self.keep_refusal(outcome)
            return
        check(MADE in may, f"done, where it must be refused: {outcome}")
        self.model.put("assignments", "own", ("assign", name, ks[0], key))
        right = self.fresh.assignment((key, ks[0]))
        folder = os.path.join(self.study, "tables/assignments/own")
        rows = {row.pop("path"): row for row in table(folder, "assigned.csv")}
        self.same(sorted(rows), sorted(self.world.contents()), "the images of assigned.csv")
        for path, content in self.world.contents().items():
            self.same(rows[path], right[content], f"{path} in assigned.csv")

    def step_compare(self, overwrite):
        fits = [self.model.fit("clusterings", name) for name in self.model.order]
        may = {REFUSED} if STALE in fits else {MADE, UP_TO_DATE}
        outcome = self.coterie("compare", "--labels", "kind", "--figures=false", *("--overwrite",) * (overwrite % 2))
        generation = None
        if STALE not in fits:
            keys = {name: self.model.made["clusterings", name] for name in sorted(self.model.order)}
            generation = tuple((name, key, tuple(self.kinds_of(key))) for name, key in keys.items())
        there = self.model.made.get(("comparisons", "comparison"))
        if outcome.code:
            check(REFUSED in may or PERHAPS in fits or (there and there[1] != generation and not overwrite % 2), f"refused without need: {outcome}")
            self.keep_refusal(outcome)
            return
        check(MADE in may, f"done, where it must be refused: {outcome}")
        self.model.made["comparisons", "comparison"] = ("compare", generation)
        labellings = {}
        for name in self.model.order:
            for k, rows in self.truth(name)["tables"].items():
                labellings[f"{name}:{k}"] = [row["label"] for row in rows.values()]
        labellings["kind"] = self.kinds_of(self.model.made["clusterings", self.model.order[0]])
        for row in table(self.study, "tables/comparisons/comparison/pairs.csv"):
            index = adjusted_rand(labellings[row["first"]], labellings[row["second"]])
            self.same(round(float(row["adjusted_rand"]), 6), round(index, 6), f"{row['first']} and {row['second']} in pairs.csv")
