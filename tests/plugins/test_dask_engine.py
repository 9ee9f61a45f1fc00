"""A scheduler and three workers on this machine, under TLS: whatever dies, the worklist is that of the local engine."""

import json
import os
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from command_line import xrayscan
from odd_decoder import install
from small import make_model, write_film

from xrayscan import Cluster, ScanSettings, UsageError, load_registry, scan, write_reports
from xrayscan.scanning.versions import installed_versions
from xrayscan.testing.engine import (
    EngineSubject,
    check_every_row,
    check_light_registration,
    check_registration,
)

pytest.importorskip("distributed")
pytest.importorskip("cryptography")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

COMPUTED = {"device": "cpu", "precision": "fp32", "runtime": "torch", "batch_size": 4}


class DaskCluster:
    """Processes of Dask's own commands."""

    def __init__(self, folder, path):
        from distributed import Security

        self.folder, self.file = folder, folder / "scheduler.json"
        self.files = write_certificates(folder, Security.temporary())
        self.environment = {**os.environ, "PYTHONPATH": os.fspath(path), "OMP_NUM_THREADS": "1", "PYTHONSAFEPATH": "1"}
        self._started = []
        self._start("scheduler", "--port", "0")
        self.workers = [self.join() for _ in range(3)]
        wait_for(self.file.exists)

    @property
    def address(self):
        return json.loads(self.file.read_text())["address"]

    @property
    def joined(self):
        return Cluster(self.address, *map(os.fspath, self.files))

    def join(self):
        return self._start("worker", "--no-nanny", "--nthreads", "1")

    def close(self):
        for process in self._started:
            process.kill()
            process.wait()

    def _start(self, what, *more):
        names = ("--tls-ca-file", "--tls-cert", "--tls-key")
        tls = [word for name, file in zip(names, self.files, strict=True) for word in (name, os.fspath(file))]
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", "--scheduler-file", os.fspath(self.file)]
        command += ["--protocol", "tls", "--host", "127.0.0.1", "--no-dashboard", *tls, *more]
        with open(self.folder / f"{what}.log", "ab") as log:
            self._started.append(subprocess.Popen(command, env=self.environment, stdout=log, stderr=log))
        return self._started[-1]


def write_certificates(folder, security):
    """The authority's certificate, one's own, and its key, as files."""
    texts = security.tls_ca_file, security.tls_client_cert, security.tls_client_key
    files = [folder / name for name in ("ca.pem", "cert.pem", "key.pem")]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text)
    return files


def wait_for(condition, seconds=60):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it takes too long"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def odd_path(tmp_path_factory):
    """A folder on this process's path, and on that of the workers, with a plugin that they share."""
    folder = install(tmp_path_factory.mktemp("site"))
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(os.fspath(folder))
        yield folder


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, odd_path):
    made = DaskCluster(tmp_path_factory.mktemp("cluster"), odd_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return make_model(tmp_path_factory.mktemp("model") / "small.safetensors")


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Sixty films, half of them slow to read, one that crashes its decoder, a broken one and a text."""
    folder = tmp_path_factory.mktemp("films")
    for seed in range(30):
        write_film(folder / f"{seed}.png", seed)
        (folder / f"slow{seed}.dcm").write_bytes(b"ODD slow %d" % seed)
    (folder / "crash.dcm").write_bytes(b"ODD crash 0")
    (folder / "broken.png").write_bytes((folder / "0.png").read_bytes()[:500])
    (folder / "notes.txt").write_text("no film")
    return folder


def scanned(films, model, out, cluster=None, **more):
    """Scan and return the CSV, and how many files ended how."""
    settings = ScanSettings(
        **COMPUTED,
        workers=1,
        file_timeout=10,
        engine="dask" if cluster else "local",
        cluster=cluster.joined if cluster else Cluster(),
    )
    with scan(films, model=model, out=out, settings=settings, **more) as worklist:
        write_reports(worklist, out, ["csv"])
        return (out / "triage.csv").read_bytes(), worklist.counts


@pytest.fixture(scope="module")
def wanted(films, model, tmp_path_factory, odd_path):
    table, counts = scanned(films, model, tmp_path_factory.mktemp("local"))
    assert (counts.found, counts.scored, counts.failed, counts.skipped) == (63, 60, 2, 1)
    return table


def test_the_worklist_is_that_of_the_local_engine_and_a_crash_costs_its_own_record(
    films, model, wanted, cluster, tmp_path
):
    table, counts = scanned(films, model, tmp_path, cluster)
    assert table == wanted
    assert b"its decoder crashed" in table
    assert (counts.found, counts.scored, counts.failed) == (63, 60, 2)


def test_a_killed_worker_costs_nothing_and_others_may_join_late(films, model, wanted, cluster, tmp_path):
    def kill_one(progress):
        if progress.done and not killed:
            killed.append(cluster.workers.pop())
            killed[-1].kill()
            cluster.workers.append(cluster.join())

    killed = []
    table, counts = scanned(films, model, tmp_path, cluster, on_progress=kill_one)
    assert killed
    assert table == wanted
    assert counts.found == counts.scored + counts.failed + counts.skipped == 63


def test_a_scan_that_is_stopped_on_the_cluster_goes_on_without_it(films, model, wanted, cluster, tmp_path):
    done = []
    _, counts = scanned(
        films, model, tmp_path, cluster, on_progress=lambda p: done.append(p.done), stopping=lambda: sum(done) > 0
    )
    assert 0 < counts.scored < 60
    table, counts = scanned(films, model, tmp_path)
    assert table == wanted
    assert counts.kept > 0


@pytest.fixture(scope="module")
def subject(cluster):
    return EngineSubject.from_engine(load_registry().engine("dask"), cluster.joined)


@pytest.mark.parametrize("clause", [check_registration, check_every_row, check_light_registration])
def test_the_engine_keeps_the_contract(clause, subject):
    clause(subject)


def test_a_plain_client_and_a_wrong_certificate_are_refused(films, model, cluster, tmp_path, monkeypatch):
    from distributed import Security

    monkeypatch.setattr("xrayscan_plugins.dask_cluster.CONNECT_SECONDS", 1.0)
    (tmp_path / "other").mkdir()
    authority, certificate, key = write_certificates(tmp_path / "other", Security.temporary())
    scan_it = ("predict", films, "--model", model, "--out", tmp_path / "out", "--engine", "dask", "--cluster")
    plain = cluster.address.replace("tls://", "tcp://")
    theirs = ("--cluster-ca", authority, "--cluster-cert", certificate, "--cluster-key", key)
    for words in ((plain,), (cluster.address,), (cluster.address, *theirs)):
        done = xrayscan(*scan_it, *words)
        assert (done.exit_code, "no Dask scheduler answers" in done.stderr) == (2, True), done.output


def test_a_file_that_hangs_its_decoder_costs_its_own_record(model, cluster, tmp_path):
    write_film(tmp_path / "films" / "a.png", 1)
    (tmp_path / "films" / "hang.dcm").write_bytes(b"ODD hang 0")
    table, counts = scanned(tmp_path / "films", model, tmp_path / "out", cluster)
    assert (counts.scored, counts.failed, b"took longer than 10 s" in table) == (1, 1, True)


def test_workers_with_other_versions_and_changed_models_are_refused(films, model, cluster, tmp_path, monkeypatch):
    versions = installed_versions() | {"xrayscan": "0.0.1"}
    with monkeypatch.context() as patched:
        patched.setattr("xrayscan.scanning.job.installed_versions", lambda: versions)
        with pytest.raises(UsageError, match=r"xrayscan \S+ instead of 0\.0\.1.*install the same on all machines"):
            scanned(films, model, tmp_path / "versions", cluster)
    from xrayscan import ModelError, load_model

    loaded = load_model(make_model(tmp_path / "changing.safetensors"))
    make_model(tmp_path / "changing.safetensors", seed=1)
    with pytest.raises(ModelError, match="was changed"):
        scanned(films, loaded, tmp_path / "model", cluster)


def test_a_cluster_is_started_here_where_none_is_named(films, model, wanted, tmp_path):
    settings = ScanSettings(**COMPUTED, workers=1, engine="dask")
    with scan(films, model=model, out=tmp_path, settings=settings) as worklist:
        write_reports(worklist, tmp_path, ["csv"])
    assert (tmp_path / "triage.csv").read_bytes() == wanted


def test_readers_of_a_worker_are_not_told_to_give_back_the_memory_of_each_film(monkeypatch):
    from xrayscan_plugins.dask_cluster import _Here

    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "65536")  # as Dask starts its workers
    _Here(None).setup(SimpleNamespace(state=SimpleNamespace(nthreads=1)))
    assert "MALLOC_TRIM_THRESHOLD_" not in os.environ
