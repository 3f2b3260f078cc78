"""One sequence of changes and commands on a study, each step compared with the model and against fresh studies."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import time

from coterie_program import command, environment
from generation_study import Outcome, check, check_refusal, coterie, digests, proposals
from model_readers import COUNTS, KS, MADE, NAMES, OPTIONS, REFUSED, UP_TO_DATE, WEIGHTS, Readers
from model_world import CURRENT, PERHAPS, STALE, Listed, Model, World


class Sequence(Readers):
    """A study on which steps are taken; `start` is one that was scanned, extracted, reduced and clustered."""

    def __init__(self, folder, source, fresh, counts):
        self.folder, self.fresh, self.counts = folder, fresh, counts
        self.world = World(folder, source)
        self.model = Model(self.world)
        self.said, self.refused, self.current = "", None, None  # the last refusal, the step that it was the answer to, and the step of now
        shutil.rmtree(self.study, ignore_errors=True)
        start = os.path.join(folder, f"start-{source}")
        if os.path.exists(start):
            shutil.copytree(start, self.study)
        self.begin(made=os.path.exists(start))
        if not os.path.exists(start):
            shutil.copytree(self.study, start)

    def begin(self, made):
        """The stages that every sequence starts from, unless they were made before."""
        steps = [("reduce", 0, 0), ("cluster", 0, 0, 0, 0)]
        if self.world.source == "images":
            if made:
                self.model.listed = Listed(self.world, 0)
            else:
                self.step_scan(0, 0)
            steps.insert(0, ("extract", 0))
        else:
            steps.insert(0, ("import",))
        for step in steps:
            if made:
                self.model.put(*self.stage(step)[1:4])
            else:
                self.do_stage(step, 0)

    @property
    def study(self):
        return os.path.join(self.folder, "study")

    def start(self, arguments):
        return subprocess.Popen(command(0, arguments[0], "--study", "study", *arguments[1:]), cwd=self.folder, env=environment(), stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)

    def finish(self, process, arguments):
        text = process.communicate(timeout=120)[0].decode(errors="replace")
        return Outcome(arguments, process.returncode, text)

    def coterie(self, *arguments):
        self.counts["commands"] += 1
        return coterie(arguments[0], "--study", "study", *arguments[1:], cwd=self.folder)

    def keep_refusal(self, outcome):
        check_refusal(outcome)
        self.said, self.refused = outcome.text, self.current
        self.counts["refused"] += 1

    def take(self, step):
        what, *numbers = self.current = step
        getattr(self, "step_" + what.replace("-", "_"))(*numbers)

    # ---- what changes

    def step_change(self, what, number, scan):
        self.said = ""  # its output is of before
        self.world.change(what, number)
        if scan:
            self.take(("scan", 1, 0) if self.world.source == "images" else ("import", 1))

    def step_copy(self, reverse):
        """The study goes on in a copy, with all files of one age or the oldest the youngest."""
        other = os.path.join(self.folder, "copy")
        shutil.copytree(self.study, other, copy_function=shutil.copyfile)
        for where, _, names in os.walk(os.path.join(other, "clusterings")):
            for age, name in enumerate(sorted(names)):
                os.utime(os.path.join(where, name), (1.7e9 - reverse * age, 1.7e9 - reverse * age))
        shutil.rmtree(self.study)
        os.rename(other, self.study)

    # ---- stages: the arguments, the artifact, the generation that it would be, and how its parents fit

    def stage(self, step):
        """(arguments, kind, name, generation, fit of the parents); the generation is None where a parent is missing."""
        what, *numbers = step
        model = self.model
        if what == "extract":
            weights = WEIGHTS[numbers[0] % 2]
            now = self.world.contents()
            rows = tuple((name, content if now.get(name) == content else None) for name, content in model.listed.usable)
            return ("extract", "--name", "f", "--weights", weights, "--threads", "1"), "features", "f", ("features", "images", weights, rows), CURRENT
        if what == "import":
            rows = tuple((name, content) for name, content, *_ in self.world.rows)
            values = tuple((name, *values[:len(self.world.columns)]) for name, _, *values in self.world.rows)
            return ("import", "--file", "x.csv", "--name", "f"), "features", "f", ("features", "rows", "", rows, values), CURRENT
        if what == "reduce":
            name, components = f"r{numbers[0] % 2}", (2, 3)[numbers[1] % 2]
            parent = model.made.get(("features", "f"))
            return (("reduce", "--features", "f", "--components", str(components), "--name", name), "reductions", name,
                    parent and ("reduction", name, components, parent), model.fit("features", "f"))
        if what == "cluster":
            name, source = NAMES[numbers[0] % 4], ("r0", "r1", "raw")[numbers[1] % 3]
            k, seed = KS[numbers[2] % 3], 1 + numbers[3] % 2
            above = ("features", "f") if source == "raw" else ("reductions", source)
            parent = model.made.get(above)
            arguments = ["cluster", "--k", k, "--name", name, "--features", "f", *OPTIONS[name]]
            arguments += ["--raw"] if source == "raw" else ["--reduction", source]
            if name != "w":
                arguments += ["--seed", str(seed)]
            return tuple(arguments), "clusterings", name, parent and ("clustering", name, k, 1 if name == "w" else seed, parent), model.fit(*above)
        name = NAMES[numbers[0] % 4]
        parent = model.made.get(("clusterings", name))
        fit = model.fit("clusterings", name)
        kinds = tuple(self.kinds_of(parent)) if parent and fit != STALE else ()
        arguments = (what, "--clustering", name, "--labels", "kind")
        if what == "select":
            arguments += ("--bootstrap", "0", "--gap", "0", "--figures=false")
        return arguments, {"evaluate": "evaluations", "select": "selections"}[what], name, parent and (what, name, kinds, parent), fit

    def kinds_of(self, clustering):
        features = clustering[-1] if clustering[-1][0] == "features" else clustering[-1][-1]
        return self.model.kinds([name for name, content in features[3] if content is not None])

    def expected(self, kind, name, generation, fit, overwrite):
        """What may come of it."""
        if generation is None or fit == STALE:
            return {REFUSED}
        there = self.model.made.get((kind, name))
        if there is None or overwrite:
            may = {MADE}
        elif kind == "features" and self.world.source == "images":
            may = self.expected_of_list(there, generation)
        elif there == generation:
            may = {UP_TO_DATE}
        elif self.alike(there, generation):
            may = {UP_TO_DATE, REFUSED}
        else:
            may = {REFUSED}
        return may if fit == CURRENT else may | {REFUSED}

    def expected_of_list(self, there, generation):
        """Features are compared with the list, not against what became of the pictures after it."""
        rows, listed = there[3], self.model.listed.usable
        if there[:3] != generation[:3] or sorted(name for name, _ in rows) != sorted(name for name, _ in listed):
            return {REFUSED}
        contents = dict(listed)
        if any(content not in (None, contents[name]) for name, content in rows):
            return {REFUSED}
        return {UP_TO_DATE} if rows == listed else {UP_TO_DATE, REFUSED}

    @staticmethod
    def alike(first, second):
        """Whether one could pass for the other: only order or metadata of the rows differ."""
        def plain(key):
            if key[0] == "features":
                return (*key[:3], tuple(sorted(row for row in key[3] if row[1] is not None)))
            return (*key[:-1], plain(key[-1]))
        return plain(first) == plain(second)

    def came_to(self, outcome, may, kind, name, generation):
        """Holds what was said against what may be, and keeps it in the model."""
        if outcome.code != 0:
            check(REFUSED in may, f"refused, but expected {sorted(may)}: {outcome}")
            self.keep_refusal(outcome)
            return REFUSED
        came = UP_TO_DATE if "is up to date" in outcome.text and "made " not in outcome.text else MADE
        check(came in may, f"{came}, but expected {sorted(may)}: {outcome}")
        if came == MADE:
            self.said = ""  # what was printed before may be otherwise now
            self.model.put(kind, name, generation)
        if kind in ("evaluations", "selections"):
            getattr(self, f"check_{kind}")(name)
        found = re.search(r"chose (?:clusterings/)?(\w+) with k = (\d+)", outcome.text)
        if found:
            check(self.model.choice is None or self.model.choice[2] == "select", f"a choice of a person's was changed: {outcome}")
            self.model.choice = (found.group(1), int(found.group(2)), "select")
        return came

    def do_stage(self, step, overwrite, kill=None):
        arguments, kind, name, generation, fit = self.stage(step)
        arguments += ("--overwrite",) * (overwrite % 2)
        may = self.expected(kind, name, generation, fit, overwrite % 2)
        if kill is not None:
            process = self.start(arguments)
            time.sleep(kill)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            may |= {MADE, UP_TO_DATE} if MADE in may else set()
        before = digests(self.study)
        outcome = self.coterie(*arguments)
        if outcome.code:
            check(digests(self.study) == before, f"refused, and changed the study: {outcome}")
        if kill is not None and MADE in may and outcome.code == 0:
            self.model.put(kind, name, generation)  # by this one or by the killed one
        return self.came_to(outcome, may, kind, name, generation)

    def step_extract(self, weights, overwrite):
        if self.world.source == "images":
            self.do_stage(("extract", weights), overwrite)

    def step_import(self, overwrite):
        if self.world.source == "rows":
            self.do_stage(("import",), overwrite)

    def step_reduce(self, name, components, overwrite):
        self.do_stage(("reduce", name, components), overwrite)

    def step_cluster(self, name, source, k, seed, overwrite):
        self.do_stage(("cluster", name, source, k, seed), overwrite)

    def step_evaluate(self, name, overwrite):
        self.do_stage(("evaluate", name), overwrite)

    def step_select(self, name, overwrite):
        self.do_stage(("select", name), overwrite)

    def step_kill(self, step, overwrite, moment):
        if step[0] == "extract" and self.world.source != "images":
            return
        self.do_stage(step, overwrite, kill=moment / 1000)

    def step_scan(self, overwrite, skip):
        if self.world.source != "images":
            return
        listed = Listed(self.world, skip % 2)
        options = (("--duplicates", "skip") if skip % 2 else ()) + ("--overwrite",) * (overwrite % 2)
        outcome = self.coterie("scan", "--images", "images/list.csv", *options)
        if outcome.code == 0:
            changed = self.model.listed is not None and listed != self.model.listed
            in_place = changed and "is up to date" in outcome.text
            if in_place:  # only bytes under unchanged times may pass a scan by
                old = self.model.listed
                names = [[row[::2] for row in rows] for rows in (old.rows, listed.rows)]
                check(names[0] == names[1] and old.skip == listed.skip, f"the list is another: {outcome}")
            else:
                self.model.listed = listed
            return
        check(not overwrite % 2 and listed != self.model.listed, f"refused without need: {outcome}")
        self.keep_refusal(outcome)

    # ---- what looks after a study

    def step_choose(self, name, k):
        name, k = NAMES[name % 4], (2, 3)[k % 2]
        key = self.model.made.get(("clusterings", name))
        outcome = self.coterie("choose", "--clustering", name, "--k", str(k))
        if outcome.code:
            check(key is None or k not in COUNTS[key[2]] or self.model.fit("clusterings", name) != CURRENT, f"refused without need: {outcome}")
            check_refusal(outcome)
            self.counts["refused"] += 1
            return
        check(key is not None and k in COUNTS[key[2]], f"chose what is not there: {outcome}")
        self.model.choice = (name, k, "choose")

    def step_verify(self):
        fits = [self.model.fit(*artifact) for artifact in self.model.made if artifact[0] != "comparisons"]
        outcome = self.coterie("verify")
        check(outcome.code in (0, 1), f"neither sound nor not: {outcome}")
        if STALE in fits:
            check(outcome.code == 1, f"content with what is stale: {outcome}")
        elif PERHAPS not in fits and not self.model.exports and {kind for kind, _ in self.model.made} <= {"features", "reductions", "clusterings"}:
            check(outcome.code == 0, f"not content with what is sound: {outcome}")

    def step_two(self, step, overwrite, name, k):
        """A stage and an export at the same time: as if one had come before the other, or been refused for the other's sake."""
        if step[0] == "extract" and self.world.source != "images":
            return
        stage, kind, artifact, generation, fit = self.stage(step)
        may = self.expected(kind, artifact, generation, fit, overwrite % 2) | {REFUSED}
        arguments, given, count = self.export_arguments(name, k)
        stage += ("--overwrite",) * (overwrite % 2)
        self.counts["commands"] += 2
        processes = [self.start(stage), self.start(arguments)]
        first, second = self.finish(processes[0], stage), self.finish(processes[1], arguments)
        before = self.model.copy()
        if first.code:
            check_refusal(first)
        else:
            self.came_to(first, may, kind, artifact, generation)
        faults = []
        for model in (before, self.model):
            after, self.model = self.model, model
            try:
                clustering, ks = self.which(given, count)
                self.exported(second, (self.joined(clustering) if ks else set()) | {REFUSED}, clustering, ks)
                return
            except AssertionError as fault:
                faults.append(fault)
            finally:
                self.model = after
        raise faults[-1]

    def step_follow(self):
        """Everything that the last refusal said to run, in its order; the model makes the same again of what is there now."""
        lines, self.said = proposals(self.said), ""
        for line in lines:
            _, what, *arguments = shlex.split(line)
            outcome = coterie(what, *arguments, cwd=self.folder)
            self.counts["commands"] += 1
            if what == "assign" and "say with --k" in outcome.text and "--k" not in arguments:
                continue  # the command itself as it was given, which wants an answer still
            check(outcome.code == 0, f"this way out is closed: {line}: {outcome}")
            self.followed(what, arguments)
        if lines and self.refused[0] not in ("kill", "two"):
            self.take(self.refused)

    def followed(self, what, arguments):
        """What such a command has made: the artifact that it names, with the options that it had, of its parents of now."""
        options, model = dict(zip(arguments, arguments[1:])), self.model
        if what == "scan":
            model.listed = Listed(self.world, options.get("--duplicates") == "skip")
        elif what in ("extract", "import"):
            weights = WEIGHTS.index(options.get("--weights", WEIGHTS[0]))
            model.put("features", "f", self.stage((what, weights) if what == "extract" else (what,))[3])
        elif what == "reduce":
            model.put("reductions", options["--name"], ("reduction", options["--name"], int(options["--components"]), model.made["features", "f"]))
        elif what == "cluster":
            parent = model.made[("features", "f") if "--raw" in arguments else ("reductions", options["--reduction"])]
            model.put("clusterings", options["--name"], ("clustering", options["--name"], options["--k"], int(options.get("--seed", 1)), parent))
        elif what in ("evaluate", "select"):
            name = options["--clustering"]
            kind, generation = self.stage((what, NAMES.index(name)))[1:4:2]
            model.put(kind, name, generation)
            if "--labels" in options:
                getattr(self, f"check_{kind}")(name)
        elif what == "assign":
            name, k = self.which(options.get("--clustering"), int(options["--k"]) if "--k" in options else None)
            model.put("assignments", "own", ("assign", name, k[0], model.made["clusterings", name]))
