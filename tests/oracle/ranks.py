"""Starts a probe on several ranks, for the oracles beside it."""

import os
import subprocess

ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                   OMPI_MCA_btl_vader_single_copy_mechanism="none")


def run_on(ranks, program, *arguments, **more):
    """Runs to the end; a failure is an exception. `more` goes to subprocess.run."""
    command = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", ranks, program, *arguments]
    return subprocess.run(list(map(str, command)), check=True, env=ENVIRONMENT, **more)
