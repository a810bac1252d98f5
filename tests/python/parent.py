"""Ends this program when the test that started it is gone.

The tests hold the other end of the standard input. It closes with them, however
they end, so that no peer outlives a test run that was interrupted.
"""
import os
import threading


def _wait_for_the_end():
    # Not `sys.stdin`: its lock, held by a thread, would abort a clean exit.
    while os.read(0, 4096):
        pass
    os._exit(3)


def follow():
    """Starts to watch the standard input."""
    threading.Thread(target=_wait_for_the_end, daemon=True).start()
