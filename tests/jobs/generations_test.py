"""What changed, by every command that reads: each does it right or refuses in words, and what it then says to run is a way out."""

import concurrent.futures
import os
import re
import shlex
import shutil
import sys
import tempfile
import time
import traceback
import unittest

from coterie_program import main, run
from faulty_study import FULL
from generation_changes import CHANGES, EVERY, NEEDS, SOUND, STAGES, Place
from generation_results import check_as_fresh, check_stage
from generation_study import Fault, check, check_refusal, coterie, digests, h5py, proposals

WORKERS = 2
# Every command of the program. What a command reads of a study decides how it is tried here: as the stages of that name in
# STAGES; by a function below; or, with a reason, not at all.
COMMANDS = {
    "scan": "stages", "extract": "stages", "words": "stages",
    "codebook": "stages", "topics": "stages", "reduce": "stages", "embed": "stages", "cluster": "stages", "evaluate": "stages", "select": "stages",
    "compare": "stages", "assign": "stages", "montage": "stages", "report": "stages", "view": "stages", "export": "stages",
    "info": "info", "verify": "verify", "choose": "choose",
    "code make": "stages",
    "code compare": "reads tables from elsewhere, and answers", "code read": "what coders sent back; generation_cases_test.py has it",
    "code report": "the same",
    "import": "reads a file from elsewhere and nothing of a study", "run": "gives the stages their turns, and reads what they read",
    "train": "reads the list of images alone, by the same function as extract",
    "plan": "reads a study file and images", "submit": "reads a study file and a calibration", "weights": "reads weight files",
}


def commands_of_the_program():
    return re.findall(r"^  ([a-z-]+(?: [a-z]+)?) {2,}\S", run(0, "--help"), re.MULTILINE)


class Matrix:
    """One worker's part of it: a place, and fresh studies to compare with."""

    def __init__(self, folder, known):
        self.place, self.known = Place(folder), known
        self.outcomes, self.faults, self.ways_out, self.fresh_stages = {}, [], 0, set()

    def column(self):
        """What stands above each cell: the stages and the commands that are tried otherwise."""
        return [*STAGES, *(name for name, how in COMMANDS.items() if how in ("info", "verify", "choose") and name in self.known)]

    def try_change(self, number, change):
        place = self.place
        self.change, (how, self.must_refuse, self.may_refuse) = change, CHANGES[change]
        shutil.rmtree(place.path("moved"), ignore_errors=True)
        shutil.rmtree(place.path("fresh"), ignore_errors=True)
        self.fresh_stages = set()
        place.reset()
        how(place)
        shutil.rmtree(place.path("changed"), ignore_errors=True)
        os.rename(place.path("study"), place.path("changed"))
        refused = []
        for stage in self.column():
            shutil.rmtree(place.path("study"), ignore_errors=True)
            shutil.copytree(place.path("changed"), place.path("study"))
            outcome = self.cell(stage)
            if outcome == "r" and stage in STAGES:
                refused.append(stage)
        for stage in refused if FULL else {*refused[number % 4:][:1], *refused[-1:]}:
            self.way_out(stage)

    def cell(self, stage):
        try:
            outcome = self.outcomes[self.change, stage] = getattr(self, f"try_{stage}", self.try_stage)(stage)
            return outcome
        except Exception as error:  # pylint: disable=broad-except
            self.note(stage, error)
            return "F"

    def note(self, stage, error):
        if not isinstance(error, Fault):
            error = traceback.format_exc()
        self.outcomes[self.change, stage] = "F"
        self.faults.append(f"{self.change}, {stage}: {error}")
        print(f"at fault: {self.faults[-1]}\n", file=sys.stderr, flush=True)

    def try_stage(self, stage):
        place = self.place
        before = digests(place.path("study"))
        outcome = place.run(*STAGES[stage])
        if outcome.code == 0:
            try:
                check(stage not in self.must_refuse, "done where it must be refused")
                check_stage(stage, place)
            except Fault as fault:
                raise Fault(f"{fault}\n{outcome}") from None
            return "."
        check(stage in self.must_refuse or stage in self.may_refuse, f"refused without need: {outcome}")
        check_refusal(outcome)
        after = digests(place.path("study"))
        check(after == before, "refused and changed", sorted(path for path in {*before, *after} if before.get(path) != after.get(path)))
        return "r"

    def try_info(self, _):
        outcome = self.place.run("info")
        check(outcome.code == 0, f"tells nothing: {outcome}")
        if self.change not in SOUND:
            check(re.search(r"^\s*coterie [a-z]+ --study", outcome.text.split("\ncommands")[0], re.MULTILINE), f"names nothing to run: {outcome}")
        return "."

    def try_verify(self, _):
        outcome = self.place.run("verify")
        check(outcome.code in (0, 1), outcome)
        if self.change not in SOUND:
            check(outcome.code == 1, f"is content: {outcome}")
            check(re.search(r"\bcoterie [a-z]+", outcome.text), f"names nothing to run: {outcome}")
        return "r" if outcome.code else "."

    def try_choose(self, _):
        outcome = self.place.run("choose", "--clustering", "kmeans", "--k", "3")
        if outcome.code:
            check(self.must_refuse or self.may_refuse, f"refused without need: {outcome}")
            check_refusal(outcome)
        return "r" if outcome.code else "."

    def fresh(self, stage):
        """A study made of what the last scan saw, with the options of now, as far as the stage needs it; the stage itself of what is there now."""
        place = self.place
        seen = place.original if place.unseen and stage != "scan" else place.images
        folder = place.path("fresh", "of-the-scan" if seen is place.original else "of-now" if self.needs(stage) == [*NEEDS[stage]] else "without")
        images = os.path.join(folder, os.path.basename(place.images.folder))
        seen.copy(images)
        for needed in self.needs(stage):
            self.make_fresh(needed, folder)
        place.images.copy(images)
        self.make_fresh(stage, folder)
        return os.path.join(folder, "study")

    def needs(self, stage):
        return [needed for needed in NEEDS[stage] if stage != "compare" or needed not in self.place.gone]

    def make_fresh(self, stage, folder):
        for needed in self.needs(stage):
            self.make_fresh(needed, folder)
        if (folder, stage) not in self.fresh_stages:
            self.place.must(*self.place.stage(stage), cwd=folder)
            self.fresh_stages.add((folder, stage))

    def way_out(self, stage):
        """What the refusal says to run, and then the command again."""
        place = self.place
        try:
            shutil.rmtree(place.path("study"), ignore_errors=True)
            shutil.copytree(place.path("changed"), place.path("study"))
            first = place.run(*place.stage(stage))
            said = [first]
            for line in proposals(first.text):
                _, name, *arguments = shlex.split(line)
                said.append(coterie(name, *arguments, cwd=place.folder))
                check(said[-1].code == 0, "this way out is closed:", *said)
            if first.code:
                last = place.run(*place.stage(stage), *(("--overwrite",) if len(said) == 1 and "--overwrite" in first.text else ()))
                check(last.code == 0, "what it said to run was no way out:", *said, last)
            try:
                check_as_fresh(stage, place.path("study"), self.fresh(stage))
            except Fault as fault:
                raise Fault("\n".join(map(str, (f"{fault}, after", *said)))) from None
            self.ways_out += 1
        except Exception as error:  # pylint: disable=broad-except
            self.note(stage, error if isinstance(error, Fault) else Fault(traceback.format_exc()))


@unittest.skipIf(h5py is None, "python3-h5py is not installed")
class Generations(unittest.TestCase):
    maxDiff = None

    def test_each_command_of_the_program_has_its_column_in_the_matrix(self):
        for name in commands_of_the_program():
            self.assertIn(name, COMMANDS, f"coterie has a command {name!r} that tests/jobs/generations_test.py does not try: give it its line in "
                                          "COMMANDS, and its arguments in STAGES of generation_changes.py where it reads a study")
        tried = {arguments[0] for arguments in STAGES.values()}
        self.assertEqual(tried, {name for name, how in COMMANDS.items() if how == "stages"})
        self.assertEqual(set(NEEDS), set(EVERY))

    def test_whatever_changed_every_command_is_right_or_refuses_and_says_the_way_out(self):
        only = os.environ.get("COTERIE_CHANGE")
        changes = [(number, change) for number, change in enumerate(CHANGES) if only in (None, change)]
        known = commands_of_the_program()
        begin = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="coterie-test-") as folder:
            def work(worker):
                matrix = Matrix(os.path.join(folder, f"place-{worker}"), known)
                while changes:
                    try:
                        number, change = changes.pop(0)
                    except IndexError:
                        break
                    try:
                        matrix.try_change(number, change)
                    except Exception as error:  # pylint: disable=broad-except
                        matrix.note("change", error)
                return matrix

            with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
                parts = list(pool.map(work, range(min(WORKERS, len(changes)))))
        outcomes = {cell: outcome for part in parts for cell, outcome in part.outcomes.items()}
        faults = [fault for part in parts for fault in part.faults]
        columns = parts[0].column()
        print("\n. done and right, r refused in words, F at fault\n" + " " * 30 + " ".join(columns))
        for change in CHANGES:
            cells = [outcomes.get((change, stage), " ").center(len(stage)) for stage in columns]
            print(f"{change:<30}" + " ".join(cells))
        ways_out = sum(part.ways_out for part in parts)
        print(f"{len(outcomes)} cells, {ways_out} ways out taken, {len(faults)} faults, {time.monotonic() - begin:.0f} s", flush=True)
        self.assertEqual(len(faults), 0, "faults, listed above")


if __name__ == "__main__":
    main()
