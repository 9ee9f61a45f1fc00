"""Films on a real radosgw: the same worklist as from disk, and reports that it keeps."""

import os

import pytest
from bucket_scan import worklist_of
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
    yield made
    made.close()
    object_clients.forget_clients()


def test_forty_films_give_the_worklist_of_their_folder(client, tmp_path):
    from xrayscan_plugins.object_stores import S3

    (tmp_path / "films" / "deep er").mkdir(parents=True)
    for n in range(40):
        name = f"deep er/Ä {n} + %.png" if n % 2 else f"{n}.png"
        content = png(film(96, 80 + n))[: 500 if n == 7 else None]
        (tmp_path / "films" / name).write_bytes(content)
        client.put_object(Bucket="films", Key=name, Body=content)
    counts, rows = worklist_of("s3://films", tmp_path / "bucket")
    assert (counts, rows) == worklist_of(os.fspath(tmp_path / "films"), tmp_path / "folder")
    assert (counts.scored, counts.failed) == (39, 1)
    for key in ("../x", "a//b", "line\nbreak"):  # of which one would end obstore's listing
        client.put_object(Bucket="films", Key=key, Body=content)
    assert worklist_of("s3://films", tmp_path / "more")[0].scored == 42
    report = tmp_path / "report.csv"
    report.write_bytes(bytes(range(256)) * (12 << 12))  # 12 MB: three parts
    S3().put("s3://films/out/report.csv", os.fspath(report))
    assert S3().open("s3://films/out/report.csv").whole() == report.read_bytes()
    S3().remove("s3://films/out/report.csv")
    assert not list(S3().below("films", "out/"))
