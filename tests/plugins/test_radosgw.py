"""Films on a real radosgw: the same worklist as from disk, and reports that it keeps."""

import os

import pytest
from bucket_scan import scans_that_lose_the_server, worklist_of
from ceph_gateway import ABSENT, CephGateway
from films import film, png

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(ABSENT), reason=f"not installed: {', '.join(ABSENT)} (Debian: radosgw ceph-mon ceph-osd)"),
]
pytest.importorskip("botocore", reason="botocore is not installed: pip install 'xrayscan[cloud]'")
pytest.importorskip("obstore", reason="obstore is not installed: pip install 'xrayscan[cloud]'")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    made = CephGateway(os.fspath(tmp_path_factory.mktemp("ceph")), "KEY", "hunter2hunter2")
    yield made
    made.close()


@pytest.fixture
def client(gateway, environment):
    """botocore's client of the gateway, with an empty bucket called films; s3:// asks the gateway, too."""
    from xrayscan_plugins import object_clients

    environment.setenv("AWS_ENDPOINT_URL", gateway.url)
    object_clients.forget_clients()
    made = object_clients.botocore_client()
    made.create_bucket(Bucket="films")
    for found in made.list_objects_v2(Bucket="films").get("Contents", ()):
        made.delete_object(Bucket="films", Key=found["Key"])
    yield made
    made.close()
    object_clients.forget_clients()


def test_three_hundred_films_give_the_worklist_of_their_folder(client, tmp_path):
    from xrayscan_plugins.object_stores import S3

    (tmp_path / "films" / "deep er").mkdir(parents=True)
    for n in range(300):
        name = f"deep er/Ä {n} + %.png" if n % 2 else f"{n}.png"
        content = png(film(96, 80 + n % 64))[: 500 if n == 7 else None]
        (tmp_path / "films" / name).write_bytes(content)
        client.put_object(Bucket="films", Key=name, Body=content)
    counts, rows = worklist_of("s3://films", tmp_path / "bucket")
    assert (counts, rows) == worklist_of(os.fspath(tmp_path / "films"), tmp_path / "folder")
    assert (counts.scored, counts.failed) == (299, 1)
    for key in ("../x", "a//b", "line\nbreak"):  # of which one would end obstore's listing
        client.put_object(Bucket="films", Key=key, Body=content)
    assert worklist_of("s3://films", tmp_path / "more")[0].scored == 302
    report = tmp_path / "report.csv"
    report.write_bytes(bytes(range(256)) * (12 << 12))  # 12 MB: three parts
    S3().put("s3://films/out/report.csv", os.fspath(report))
    assert S3().open("s3://films/out/report.csv").whole() == report.read_bytes()
    S3().remove("s3://films/out/report.csv")
    assert not list(S3().below("films", "out/"))


def test_a_gateway_that_goes_away_in_the_middle_costs_nothing_once_it_is_back(client, gateway, tmp_path, monkeypatch):
    for n in range(12):
        client.put_object(Bucket="films", Key=f"{n}.png", Body=png(film(96, 80 + n)))
    without, counts = scans_that_lose_the_server(gateway.stop, gateway.start, tmp_path / "out", monkeypatch)
    assert without.found == 12
    assert without.failed > 1
    assert (counts.found, counts.scored) == (12, 12)
    assert counts.kept >= 3
