"""Random sequences of changes and commands: after each step every table is a fresh study's, or the command refused in words.

COTERIE_SEQUENCES=N draws so many, COTERIE_FAULT_SEED=S others. A sequence that fails is printed with the fewest steps that still fail;
COTERIE_STEPS='...' takes just these."""

import collections
import concurrent.futures
import json
import os
import random
import shutil
import sys
import tempfile
import time
import traceback
import unittest

from coterie_program import main
from generation_study import Fault, h5py
from model_fresh import Fresh
from model_steps import Sequence

SEED = int(os.environ.get("COTERIE_FAULT_SEED", "6"))
SEQUENCES = int(os.environ.get("COTERIE_SEQUENCES", "200"))
PATIENCE = float("inf") if "COTERIE_SEQUENCES" in os.environ else 330  # seconds after which no other sequence is begun
WORKERS = 2
STEPS = (4, 8)  # of a sequence
TRIES = 40  # runs to find the fewest steps
ENOUGH = 5  # failing sequences, then it ends
CHANGES = ("add", "remove", "edit", "edit", "edit-in-place", "replace", "rename", "value", "column", "reorder")


def draw_stage(dice):
    """A stage and its options, some of which mean the same as before."""
    what = dice.choice(("extract", "reduce", "reduce", "cluster", "cluster", "cluster", "evaluate", "select"))
    count = {"extract": 1, "reduce": 2, "cluster": 4}.get(what, 1)
    return (what, *(dice.choice((0, 0, dice.randrange(12))) for _ in range(count)))


def draw_step(dice):
    def few():
        return dice.choice((0, 0, dice.randrange(12)))

    what = dice.choices(("change", "stage", "follow", "export", "assign", "compare", "choose", "verify", "copy", "kill", "two", "scan"),
                        (24, 22, 14, 16, 5, 4, 4, 3, 3, 4, 4, 2))[0]
    if what == "change":
        return what, dice.choice(CHANGES), dice.randrange(100), dice.random() < 0.8
    if what == "stage":
        return (*draw_stage(dice), int(dice.random() < 0.5))
    if what == "kill":
        return what, draw_stage(dice), int(dice.random() < 0.5), dice.randrange(700)
    if what == "two":
        return what, draw_stage(dice), int(dice.random() < 0.5), few(), few()
    if what == "scan":
        return what, dice.randrange(2), few()
    counts = {"export": 2, "assign": 3, "compare": 1, "choose": 2, "copy": 1}
    return (what, *(few() for _ in range(counts.get(what, 0))))


def draw(number):
    """One sequence: where it starts from, and its steps; of the seed and the number alone."""
    dice = random.Random(f"{SEED} {number}")
    return [dice.choice(("images", "rows")), *(draw_step(dice) for _ in range(dice.randint(*STEPS)))]


class Worker:
    """A folder in which sequences are run, one after the other."""

    def __init__(self, folder, fresh):
        self.folder, self.fresh, self.counts = folder, fresh, collections.Counter()
        os.makedirs(folder)

    def fault_of(self, sequence):
        """What is wrong, or None; a fault of the test itself counts, too."""
        source, *steps = sequence
        step = None
        try:
            there = Sequence(self.folder, source, self.fresh, self.counts)
            for step in steps:
                there.take(step)
                self.counts["steps"] += 1
        except Fault as fault:
            return f"at {json.dumps(step)}: {fault}"
        except Exception:  # pylint: disable=broad-except
            return f"at {json.dumps(step)}: {traceback.format_exc()}"
        return None

    def shortest(self, sequence, fault):
        """Leaves out what is not needed for a fault, from the end on."""
        tries = 0
        place = len(sequence) - 1
        while place > 0 and tries < TRIES:
            shorter = sequence[:place] + sequence[place + 1:]
            tries += 1
            other = self.fault_of(shorter)
            if other:
                sequence, fault = shorter, other
            place = min(place, len(sequence)) - 1
        return sequence, fault


@unittest.skipIf(h5py is None, "python3-h5py is not installed")
class Histories(unittest.TestCase):
    def test_whatever_happened_before_a_study_says_what_a_fresh_one_says(self):
        given = os.environ.get("COTERIE_STEPS")
        waiting = [(None, json.loads(given))] if given else [(number, draw(number)) for number in range(SEQUENCES)]
        print(f"seed {SEED} (COTERIE_FAULT_SEED), {len(waiting)} sequences (COTERIE_SEQUENCES)", flush=True)
        begin, found, counts = time.monotonic(), [], collections.Counter()
        with tempfile.TemporaryDirectory(prefix="coterie-test-") as folder:
            fresh = Fresh(os.path.join(folder, "fresh"))

            def work(worker):
                own = Worker(os.path.join(folder, f"worker-{worker}"), fresh)
                while waiting and len(found) < ENOUGH and time.monotonic() - begin < PATIENCE:
                    try:
                        number, sequence = waiting.pop(0)
                    except IndexError:
                        break
                    own.counts["sequences"] += 1
                    fault = own.fault_of(sequence)
                    if fault:
                        found.append((number, *own.shortest(sequence, fault)))
                shutil.rmtree(own.folder)
                return own.counts

            with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
                for part in pool.map(work, range(WORKERS)):
                    counts.update(part)
        print(f"{counts['sequences']} sequences, {counts['steps']} steps, {counts['commands']} commands, {counts['refused']} refused, "
              f"{counts['compared']} values compared with {fresh.count} fresh studies, {len(found)} found, {time.monotonic() - begin:.0f} s",
              flush=True)
        for number, sequence, fault in found:
            print(f"\nsequence {number} of seed {SEED} fails {fault}\nagain: COTERIE_STEPS='{json.dumps(sequence)}' python3 tests/jobs/model_test.py",
                  file=sys.stderr)
        self.assertEqual(len(found), 0, "sequences fail, listed above")


if __name__ == "__main__":
    main()
