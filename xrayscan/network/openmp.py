"""How OpenMP's threads wait, which is settled when torch is first imported. Imports no torch itself."""

import os


def wait_passively() -> None:
    """Let threads that wait for their siblings leave their core to a reader process, instead of spinning on it.

    OpenMP reads the environment once, when torch loads it: call this before, in a process whose settings are one's own.
    What the user has set stays.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
