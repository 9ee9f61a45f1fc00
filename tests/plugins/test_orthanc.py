"""The whole way with a real archive: films in, results out, under the right study, once."""

import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from command_line import xrayscan
from films import dicom
from small import film_pixels

PLUGIN = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"
ORTHANC = shutil.which("Orthanc") or "/usr/sbin/Orthanc"
OF_EACH = 2
STUDIES = int(os.environ.get("HOSPITAL_FILMS", 4)) // OF_EACH

pytestmark = [
    pytest.mark.slow,  # pynetdicom leaves the socket of a connection that failed to the collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
pytest.importorskip("highdicom", reason="the DICOM extra is not installed")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Archive:
    """Orthanc with its DICOMweb plugin, on free ports of this machine."""

    def __init__(self, folder: Path):
        self.folder, self.http, self.dimse = folder, free_port(), free_port()
        settings = {
            "StorageDirectory": str(folder / "db"),
            "IndexDirectory": str(folder / "db"),
            "Plugins": [PLUGIN],
            "HttpPort": self.http,
            "DicomPort": self.dimse,
            "DicomAet": "PACS",
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "DicomAlwaysAllowStore": True,
            "DicomCheckCalledAet": True,
        }
        (folder / "orthanc.json").write_text(json.dumps(settings))
        self.web, self.peer = f"dicomweb+http://127.0.0.1:{self.http}/dicom-web", f"dimse://PACS@127.0.0.1:{self.dimse}"

    def start(self):
        command = [ORTHANC, str(self.folder / "orthanc.json")]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                self.count()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError("Orthanc did not start")

    def stop(self):
        self.process.terminate()
        self.process.wait(30)

    def asked(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}{path}") as answer:
            return json.load(answer)

    def count(self):
        return self.asked("/statistics")["CountInstances"]

    def by_study(self):
        """Study → how many objects of each modality, by QIDO."""
        counts = {}
        for one in self.asked("/dicom-web/instances?includefield=0020000D&includefield=00080060"):
            study, modality = one["0020000D"]["Value"][0], one["00080060"]["Value"][0]
            counts.setdefault(study, {}).setdefault(modality, []).append(one["00080018"]["Value"][0])
        assert all(len(set(uids)) == len(uids) for of_study in counts.values() for uids in of_study.values())
        return {study: {name: len(uids) for name, uids in found.items()} for study, found in counts.items()}


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    if not (os.access(ORTHANC, os.X_OK) and os.path.exists(PLUGIN)):
        pytest.skip("Orthanc and its DICOMweb plugin are not installed (Debian: orthanc orthanc-dicomweb)")
    made = Archive(tmp_path_factory.mktemp("orthanc"))
    made.start()
    yield made
    made.stop()


def fill(archive):
    """Send films as a modality does; return their bytes."""
    from pydicom import dcmread
    from pynetdicom import AE

    films = {}
    for n in range(STUDIES * OF_EACH):
        study = f"1.2.3.{n // OF_EACH}"
        uids = {"StudyInstanceUID": study, "SeriesInstanceUID": f"{study}.1", "SOPInstanceUID": f"{study}.1.{n}"}
        films[f"{n}.dcm"] = dicom(
            film_pixels(n, 96), bits=8, StudyDate="20260102", PatientID=f"P{n // OF_EACH}", **uids
        )
    entity = AE("MODALITY")
    entity.add_requested_context("1.2.840.10008.5.1.4.1.1.1.1", "1.2.840.10008.1.2.1")
    association = entity.associate("127.0.0.1", archive.dimse, ae_title="PACS")
    assert {association.send_c_store(dcmread(io.BytesIO(film))).Status for film in films.values()} == {0}
    association.release()
    return films


def killed_while_sending(archive, run):
    """Start to send, and kill the process once a third has arrived."""
    before = archive.count()
    sending = subprocess.Popen([sys.executable, "-m", "xrayscan", "send", str(run), "--to", archive.peer])
    while archive.count() < before + STUDIES * OF_EACH * 2 // 3 and sending.poll() is None:
        time.sleep(0.002)
    sending.send_signal(signal.SIGKILL)
    sending.wait()
    return archive.count() - before


def test_films_come_from_an_archive_and_results_stand_in_their_studies_once(archive, tmp_path, model_file):
    films = fill(archive)
    (tmp_path / "films").mkdir()
    for name, content in films.items():
        (tmp_path / "films" / name).write_bytes(content)
    words = "--model", model_file, "--workers", "0", "--format", "jsonl,dicom-sr,dicom-sc"
    words = *words, "--heatmaps", str(len(films))
    assert xrayscan("predict", tmp_path / "films", "--out", tmp_path / "disk", *words).exit_code == 0
    asked = f"{archive.web}?StudyDate=20260101-20260131&Modality=DX,CR"
    done = xrayscan("predict", asked, "--out", tmp_path / "web", *words, "--send", archive.web)
    assert done.exit_code == 0, done.output
    rows = [
        {row["sop_uid"]: row["probability"] for row in map(json.loads, text.splitlines())}
        for text in ((tmp_path / out / "triage.jsonl").read_text() for out in ("disk", "web"))
    ]
    assert rows[0] == rows[1]
    every = {"DX": OF_EACH, "SR": OF_EACH, "OT": OF_EACH}
    assert archive.by_study() == {f"1.2.3.{study}": every for study in range(STUDIES)}

    arrived = killed_while_sending(archive, tmp_path / "disk")  # other objects: their films' bytes are others
    assert 0 < arrived < 2 * STUDIES * OF_EACH
    archive.stop()
    assert xrayscan("send", tmp_path / "disk").exit_code == 5
    archive.start()
    assert xrayscan("send", tmp_path / "disk").exit_code == 0
    twice = {"DX": OF_EACH, "SR": 2 * OF_EACH, "OT": 2 * OF_EACH}
    assert archive.by_study() == {f"1.2.3.{study}": twice for study in range(STUDIES)}
