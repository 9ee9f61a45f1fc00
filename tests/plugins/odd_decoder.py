"""A plugin for workers of an engine under test: files that crash or hang their decoder, or take their time."""

import os
import signal
import time
from pathlib import Path

import numpy as np

METADATA = "Metadata-Version: 2.1\nName: odd-decoder\nVersion: 0.1\n"


class Odd:
    name = "ODD"

    def sniff(self, head):
        return head.startswith(b"ODD ")

    def decode(self, data, *, at_least, limits):
        from xrayscan import Facts, Radiograph

        _, what, seed = data.split()
        if what == b"crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        time.sleep(1000 if what == b"hang" else 0.05)
        rows, columns = np.mgrid[0:1:64j, 0:1:64j]
        grey = 0.5 + 0.4 * np.sin(5 * rows + int(seed)) * np.cos(3 * columns)
        return Radiograph(grey.astype(np.float32), Facts(format="ODD", rows=64, columns=64))


def install(folder: Path) -> Path:
    """Announce this module as a plugin to whoever has the folder on its path."""
    information = folder / "odd_decoder-0.1.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text(METADATA)
    (information / "entry_points.txt").write_text("[xrayscan]\nodd = odd_plugin\n")
    ours = Path(__file__).read_text()
    hook = "\n\nfrom xrayscan import hookimpl\n\n\n@hookimpl\ndef register_decoders(register):\n    register(Odd())\n"
    (folder / "odd_plugin.py").write_text(ours + hook)
    return folder
