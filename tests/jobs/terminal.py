"""A terminal for a program, and what it is shown there."""

import os
import pty
import subprocess
import threading
import time


def on_a_terminal(words, env=None, timeout=None):
    """Runs a command whose input and output are a terminal. Its exit code, and what was shown as pairs of the second since
    its start and of bytes, standard output and error together."""
    master, terminal = pty.openpty()
    shown = []
    begin = time.monotonic()

    def read():
        try:
            while piece := os.read(master, 65536):
                shown.append((time.monotonic() - begin, piece))
        except OSError:  # the terminal was closed
            pass

    reader = threading.Thread(target=read)
    reader.start()
    try:
        done = subprocess.run(words, env=env, stdin=terminal, stdout=terminal, stderr=terminal, timeout=timeout, check=False)
    finally:
        os.close(terminal)
        reader.join(10)
        os.close(master)
    return done.returncode, shown
