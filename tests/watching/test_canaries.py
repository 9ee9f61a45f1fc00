"""A canary of its own in every text element of a film: it comes out where objects are filed by it, and only there."""

import io
import re
from pathlib import Path

import pytest
from films import dicom
from processes import Archive, Running, free_port, until
from pydicom import dcmread
from pydicom.datadict import DicomDictionary
from pydicom.dataset import Dataset
from small import film_pixels

pytestmark = [
    pytest.mark.slow,  # of what a killed peer left, pynetdicom leaves the sockets to the collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
pytest.importorskip("highdicom", reason="the DICOM extra is not installed")

TEXT = ("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT")
NEEDED = {  # for the film to be read, and to be a radiograph
    *("SpecificCharacterSet", "PhotometricInterpretation", "VOILUTFunction", "PresentationLUTShape", "Modality"),
}
# PS3.3 C.7.1.1 and C.7.2.1: text of patient and study, and the sequences that name who gave their numbers
COPIED = {
    *("PatientName", "PatientID", "PatientSex", "IssuerOfPatientID", "OtherPatientIDsSequence"),
    *("PatientIdentityRemoved", "DeidentificationMethod", "ReferringPhysicianName"),
    *("AccessionNumber", "IssuerOfAccessionNumberSequence", "StudyID", "StudyDescription"),
}
CANARY = re.compile(rb"QZ\d{5}X")


class Aviary:
    """Canaries, and where each was put: its outermost element."""

    def __init__(self):
        self.home: dict[bytes, str] = {}

    def new(self, home):
        canary = f"QZ{len(self.home):05}X"
        self.home[canary.encode()] = home
        return canary

    def fill(self, dataset):
        """One for every text element of the standard, in items of sequences, and in private elements at each level."""
        for tag, (vr, _, _, _, keyword) in DicomDictionary.items():
            if tag >> 16 < 8 or not keyword or keyword in NEEDED or keyword.startswith("Pixel"):
                continue
            if vr in TEXT:
                dataset.add_new(tag, vr, self.new(keyword))
            elif vr == "SQ":
                dataset.add_new(tag, vr, [self.item(keyword)])
        self.private(dataset, "private")

    def item(self, home, depth=1):
        made = Dataset()
        made.PatientName, made.PatientID, made.TextValue = (self.new(home) for _ in range(3))
        self.private(made, f"private in {home}")
        if depth:
            made.ContentSequence = [self.item(home, depth - 1)]
        return made

    def private(self, dataset, home):
        block = dataset.private_block(0x0009, self.new(home), create=True)
        for at, vr in enumerate(("LO", "PN", "UT", "UN"), 1):
            canary = self.new(home)
            block.add_new(at, vr, canary.encode() if vr == "UN" else canary)

    def homes(self, content):
        return {self.home[found] for found in CANARY.findall(content)}


def sent(port, film):
    from pynetdicom import AE

    entity = AE("MODALITY")
    entity.add_requested_context(film.SOPClassUID, film.file_meta.TransferSyntaxUID)
    association = entity.associate("127.0.0.1", port, ae_title="XRAYSCAN")
    assert association.send_c_store(film).Status == 0
    association.release()


@pytest.fixture(scope="module")
def listened(tmp_path_factory, model_file):
    """The film, the output folder, what was said, and the objects that the archive got."""
    base, port, archive, aviary = tmp_path_factory.mktemp("canaries"), free_port(), Archive(), Aviary()
    film = dcmread(io.BytesIO(dicom(film_pixels(1, 96), bits=8)))
    aviary.fill(film)
    words = "listen", "--port", port, "--spool", base / "spool", "--min-free", 0, "--out", base / "out", "--settle", 0.2
    words = *words, "--model", model_file, "--workers", 0, "--format", "csv,jsonl,html,dicom-sr,dicom-sc"
    with Running(*words, "--heatmaps", 1, "--send", archive.address) as command:
        until(lambda: command.said("listens"))
        sent(port, film)
        until(lambda: len(archive.objects) == 2 and command.said("sent to dimse"))
    archive.server.shutdown()
    return aviary, base / "out", "".join(command.lines), archive.objects


def test_objects_that_are_sent_hold_only_what_files_them_by_patient_and_study(listened):
    aviary, out, _, objects = listened
    written = {path.stem: path.read_bytes() for path in out.rglob("*.dcm")}
    assert set(written) == set(objects)
    for content in (*objects.values(), *written.values()):
        assert aviary.homes(content) <= COPIED
        assert aviary.homes(content) >= {"PatientName", "PatientID", "AccessionNumber", "StudyID"}


def test_nothing_else_holds_any_of_it(listened):
    aviary, out, said, _ = listened
    assert aviary.homes(said.encode()) == set()
    others = {path: path.read_bytes() for path in out.rglob("*") if path.is_file() and path.suffix != ".dcm"}
    assert {path.name for path in others} >= {"scan.sqlite", "triage.csv", "triage.html", "triage.jsonl"}
    assert {path: aviary.homes(content) for path, content in others.items() if aviary.homes(content)} == {}
    assert not [path for path in Path(out).rglob("*") if CANARY.search(bytes(path))]
