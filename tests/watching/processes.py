"""Commands as processes of their own, and peers that they send to."""

import signal
import socket
import subprocess
import sys
import threading
import time


class Running:
    """The command, until it is killed."""

    def __init__(self, *words: object) -> None:
        command = [sys.executable, "-m", "xrayscan", *map(str, words)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, stdout=subprocess.DEVNULL)
        self.lines: list[str] = []
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def _read(self) -> None:
        assert self.process.stderr
        self.lines.extend(iter(self.process.stderr.readline, ""))

    def said(self, word: str) -> bool:
        return any(word in line for line in self.lines)

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(20)
        self._reading.join(20)
        self.process.stderr.close()


def until(condition, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Archive:
    """A peer that notes the UIDs of what it is sent, and keeps what came last under each."""

    def __init__(self) -> None:
        from pynetdicom import AE, evt
        from pynetdicom.sop_class import ComprehensiveSRStorage, SecondaryCaptureImageStorage

        self.got: list[str] = []
        self.objects: dict[str, bytes] = {}
        entity = AE("PACS")
        for kind in (ComprehensiveSRStorage, SecondaryCaptureImageStorage):
            entity.add_supported_context(kind)
        handlers = [(evt.EVT_C_STORE, self._store)]
        self.server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
        self.address = f"dimse://PACS@127.0.0.1:{self.server.server_address[1]}"

    def _store(self, event) -> int:
        uid = str(event.request.AffectedSOPInstanceUID)
        self.got.append(uid)
        self.objects[uid] = event.encoded_dataset()
        return 0
