"""A scan of films below a folder or a bucket called films, so that the two can be compared."""

import csv

from xrayscan import ScanSettings, scan, write_reports
from xrayscan.plugin import sources

HERE = ScanSettings(workers=0, batch_size=1)


def worklist_of(path, out):
    with scan(path, out=out, settings=HERE) as worklist:
        write_reports(worklist, out, ["csv"])
        counts = worklist.counts
    with open(out / "triage.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["source"] = row["source"].rpartition("films/")[2]
        del row["unlikeness"]  # its last digits differ from scan to scan
    return counts, rows


def scans_that_lose_the_server(stop, start, out, monkeypatch):
    """How the films of s3://films end if their server stops at the sixth, and once it is there again."""
    from xrayscan_plugins.object_stores import S3

    place, opened = sources.installed_sources()["s3"], []

    def read(address):
        opened.append(address)
        if len(opened) == 6:
            stop()
        return S3.open(place, address)

    with monkeypatch.context() as patched:
        patched.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
        patched.setattr("xrayscan_plugins.object_clients.RETRIES", 1)
        patched.setattr(place, "open", read, raising=False)
        with scan("s3://films", out=out, settings=HERE) as worklist:
            without = worklist.counts
    start()
    with scan("s3://films", out=out, settings=HERE) as worklist:
        return without, worklist.counts
