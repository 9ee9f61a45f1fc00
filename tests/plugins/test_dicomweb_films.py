"""Films of a DICOMweb server, against a small server of this process."""

import http.server
import json
import re
import threading
from urllib.parse import parse_qs, urlsplit

import pytest
from command_line import xrayscan
from films import dicom
from small import film_pixels

from xrayscan import Code, DecodeError, Search, UsageError
from xrayscan.plugin.manager import load_registry
from xrayscan.testing.source import CLAUSES, SourceSubject, check_listing

pytest.importorskip("dicomweb_client", reason="the DICOM extra is not installed")

LEVELS = {"studies": "0020000D", "series": "0020000E", "instances": "00080018"}


def content(study, series, instance, seed, modality="DX"):
    uids = {"StudyInstanceUID": study, "SeriesInstanceUID": series, "SOPInstanceUID": instance}
    return dicom(film_pixels(seed, 96), bits=8, Modality=modality, PatientName="CANARY^Name", **uids)


FILMS = {
    (study, series, instance): (modality, content(study, series, instance, seed, modality))
    for seed, (study, series, instance, modality) in enumerate(
        [
            *(("1.1", "1.1.1", f"1.1.1.{n}", "DX") for n in range(1, 6)),
            *(("1.2", "1.2.1", f"1.2.1.{n}", "CR") for n in range(1, 3)),
            ("1.2", "1.2.2", "1.2.2.1", "CT"),
        ]
    )
}


class Server(http.server.ThreadingHTTPServer):
    """Answers searches and retrievals of FILMS; at most ``cap`` results a page, ``offset`` known or not."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.cap, self.knows_offset, self.status, self.garbage = 2, True, {}, False
        self.asked, self.logins = [], set()
        self.root = f"dicomweb+http://127.0.0.1:{self.server_address[1]}/dicom-web"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        self.server.asked.append(self.path)
        self.server.logins.add(self.headers["Authorization"])
        words = parts.path.removeprefix("/dicom-web/").split("/")
        uids = tuple(words[1::2])
        status = next((code for part, code in self.server.status.items() if part in self.path), 200)
        if status != 200:
            self._answer(status, b"CANARY in an answer", "text/plain")
        elif len(words) == 6:
            self._film(uids)
        else:
            self._search(words[-1], uids, query)

    def _film(self, uids):
        data = b"no DICOM" if self.server.garbage else FILMS[uids][1]
        body = b"--B\r\nContent-Type: application/dicom\r\n\r\n" + data + b"\r\n--B--"
        self._answer(200, body, 'multipart/related; type="application/dicom"; boundary=B')

    def _search(self, level, uids, query):
        found = {}
        for film, (modality, _) in FILMS.items():
            if film[: len(uids)] == uids and query.get("ModalitiesInStudy", modality) == modality:
                result = {tag: {"vr": "UI", "Value": [uid]} for tag, uid in zip(LEVELS.values(), film, strict=True)}
                result["00080060"] = {"vr": "CS", "Value": [modality]}
                result["00100010"] = {"vr": "PN", "Value": [{"Alphabetic": "CANARY^Name"}]}
                found.setdefault(film[list(LEVELS).index(level)], result)
        start = int(query["offset"]) if self.server.knows_offset else 0
        page = list(found.values())[start : start + min(int(query["limit"]), self.server.cap)]
        self._answer(200, json.dumps(page).encode(), "application/dicom+json")

    def _answer(self, status, body, kind):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def server(monkeypatch):
    monkeypatch.delenv("XRAYSCAN_DICOMWEB_TOKEN", raising=False)
    monkeypatch.setattr("xrayscan_plugins.dicomweb.BACK_OFF", 0)
    made = Server()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def place():
    return load_registry().sources["dicomweb+http"]


def found(place, *addresses):
    return list(place.find(addresses, Search()))


def instances(place, *addresses):
    sources = found(place, *addresses)
    assert not [one.reason for one in sources if one.reason]
    assert all(one.path.startswith(addresses) for one in sources)
    return sorted(one.path.rpartition("/")[2] for one in sources)


def test_it_keeps_the_contract_but_for_sizes_which_a_search_does_not_tell(server, place):
    films = {
        f"{server.root}/studies/{study}/series/{series}/instances/{instance}": data
        for (study, series, instance), (_, data) in FILMS.items()
    }
    absent = f"{server.root}/studies/1.1/series/1.1.1/instances/1.1.1.99"
    server.status = {"1.1.1.99": 404}
    subject = SourceSubject(place, server.root, films, absent)
    for clause in CLAUSES:
        if clause is not check_listing:
            clause(subject)


@pytest.mark.parametrize("cap", [1, 2, 100])
def test_every_film_is_found_once_however_small_a_servers_pages_are(server, place, cap):
    server.cap = cap
    assert instances(place, server.root) == sorted(instance for _, _, instance in FILMS)


def test_a_server_that_knows_no_offset_does_not_keep_the_search_going_for_ever(server, place):
    server.cap, server.knows_offset = 100, False
    assert len(instances(place, server.root)) == len(FILMS)


def test_modalities_are_asked_for_one_by_one_and_others_are_left_on_the_server(server, place):
    wanted = [f"1.1.1.{n}" for n in range(1, 6)] + ["1.2.1.1", "1.2.1.2"]
    assert instances(place, f"{server.root}?StudyDate=20260101-20260131&Modality=DX,CR") == wanted
    assert not [path for path in server.asked if "/1.2.2/" in path]
    asked = [parse_qs(urlsplit(path).query) for path in server.asked if re.match(r"/dicom-web/studies\?", path)]
    assert {query["ModalitiesInStudy"][0] for query in asked} == {"DX", "CR"}
    assert {query["StudyDate"][0] for query in asked} == {"20260101-20260131"}


def test_an_address_may_lead_to_a_study_a_series_or_an_instance(server, place):
    study = f"{server.root}/studies/1.2"
    assert instances(place, study) == ["1.2.1.1", "1.2.1.2", "1.2.2.1"]
    assert instances(place, f"{study}?Modality=CR") == ["1.2.1.1", "1.2.1.2"]
    assert instances(place, f"{study}/series/1.2.1") == ["1.2.1.1", "1.2.1.2"]
    assert instances(place, f"{study}/series/1.2.1/instances/1.2.1.2") == ["1.2.1.2"]


def test_a_search_by_what_names_a_patient_is_refused_and_not_repeated(server, place):
    for query in ("PatientName=CANARY", "00100010=CANARY", "AccessionNumber=CANARY", "Modality=DX&PatientID=CANARY"):
        with pytest.raises(UsageError, match="by StudyDate") as caught:
            found(place, f"{server.root}?{query}")
        assert "CANARY" not in str(caught.value)
    assert not server.asked


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, Code.NOT_PERMITTED), (403, Code.NOT_PERMITTED), (404, Code.NOT_FOUND), (500, Code.UNREADABLE)],
)
def test_what_a_server_refuses_is_a_record_in_our_own_words(server, place, status, code):
    server.status = {"/dicom-web/studies/1.2/": status}
    sources = found(place, server.root)
    (refused,) = [one for one in sources if one.reason]
    assert refused.code is code
    assert "CANARY" not in refused.reason
    assert len(sources) == 6  # the other study's films came
    with pytest.raises(DecodeError) as caught:
        place.open(f"{server.root}/studies/1.2/series/1.2.1/instances/1.2.1.1").whole()
    assert caught.value.code is code
    assert "CANARY" not in str(caught.value)


def test_a_server_that_is_not_there_is_a_record(place, monkeypatch):
    monkeypatch.setattr("xrayscan_plugins.dicomweb.BACK_OFF", 0)
    (one,) = found(place, "dicomweb+http://127.0.0.1:9/dicom-web")
    assert (one.code, one.reason) == (Code.UNREADABLE, "the server does not answer")


def test_a_token_comes_from_the_environment(server, place, monkeypatch):
    monkeypatch.setenv("XRAYSCAN_DICOMWEB_TOKEN", "abc")
    found(place, server.root)
    assert server.logins == {"Bearer abc"}


def test_films_score_as_from_disk_and_nothing_of_the_person_stays(server, tmp_path, model_file):
    folder = tmp_path / "films"
    folder.mkdir()
    for (_, _, instance), (_, data) in FILMS.items():
        (folder / f"{instance}.dcm").write_bytes(data)
    rows = []
    for source, out in ((folder, tmp_path / "disk"), (f"{server.root}", tmp_path / "web")):
        words = "--model", model_file, "--workers", "0", "--format", "jsonl"
        done = xrayscan("predict", source, "--out", out, *words)
        assert done.exit_code == 0, done.output
        lines = [json.loads(line) for line in (out / "triage.jsonl").read_text().splitlines()]
        rows.append({line["sop_uid"]: (line["probability"], line["code"]) for line in lines})
        assert b"CANARY" not in b"".join(path.read_bytes() for path in out.iterdir())
    assert rows[0] == rows[1]
    assert len(rows[0]) == len(FILMS)


def test_what_is_no_dicom_costs_its_own_record(server, tmp_path, model_file):
    server.garbage = True
    words = "--out", tmp_path / "run", "--model", model_file, "--workers", "0", "--format", "csv"
    done = xrayscan("predict", f"{server.root}/studies/1.2", *words)
    assert done.exit_code == 3
    assert "3 failed" in done.output
