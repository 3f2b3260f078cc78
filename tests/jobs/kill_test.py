"""kill -9, at random moments of every stage: nothing committed is lost, nothing half made bears a final name, nothing
hangs, and the same command makes what an undisturbed run makes."""

import os
import signal
import subprocess
import time

from coterie_program import command, environment, main, ranks_of, run
from faulty_study import FULL, STAGES, FaultTest

PATIENCE = 60  # seconds for mpirun to end after a rank of its was killed


class Kills(FaultTest):
    @staticmethod
    def kills_of(stage):
        """Fifty in all: more of the long stage, which is resumable inside."""
        if not FULL:
            return 2 if stage in ("extract", "assign") else 1
        return 8 if stage == "extract" else 6 if stage == "assign" else 3

    def start(self, stage, folder):
        """The stage on two ranks, and the ranks once they run."""
        launcher = subprocess.Popen(command(2, *self.command(stage)), cwd=folder, env=environment(), stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL)
        self.addCleanup(launcher.wait)
        ranks = []
        while launcher.poll() is None and len(ranks) < 2:
            ranks = ranks_of(launcher)
        return launcher, ranks

    def kill_at_random(self, stage, folder, number):
        """Kills one rank or both. Returns the moment in seconds, who, and whether the kill came before the end."""
        launcher, ranks = self.start(stage, folder)
        moment = self.dice.uniform(0, self.seconds[stage])
        victims = ranks if number % 3 == 2 or not ranks else [self.dice.choice(ranks)]
        end = time.monotonic() + moment
        while time.monotonic() < end and launcher.poll() is None:
            time.sleep(0.005)
        met = launcher.poll() is None
        for victim in victims:
            try:
                os.kill(victim, signal.SIGKILL)
            except ProcessLookupError:
                met = False
        return moment, len(victims), met and launcher.wait(timeout=PATIENCE) != 0

    def test_fifty_kills_of_every_stage_lose_nothing(self):
        counts, number = {}, 0
        for stage in STAGES:
            counts[stage] = [0, 0, 0]  # kills, before the stage's end, and survived
            for _ in range(self.kills_of(stage)):
                number += 1
                folder = self.place(stage)
                moment, victims, met = self.kill_at_random(stage, folder, number)
                what = f"kill {number}: {victims} of 2 ranks of {stage} after {moment:.2f} s"
                self.assert_earlier_kept(stage, folder, what)
                run(self.dice.choice((1, 2, 3)), *self.command(stage), cwd=folder)
                self.assert_undisturbed(stage, folder, what)
                counts[stage] = [counts[stage][0] + 1, counts[stage][1] + met, counts[stage][2] + 1]
        print("\n| stage | kills | before its end | all kept, rerun byte-equal |\n|---|---|---|---|")
        for stage, row in [*counts.items(), ("in all", [sum(column) for column in zip(*counts.values())])]:
            print("| {} | {} | {} | {} |".format(stage, *row))
        self.assertGreater(sum(row[1] for row in counts.values()), number // 2)  # else the moments were drawn too late


if __name__ == "__main__":
    main()
