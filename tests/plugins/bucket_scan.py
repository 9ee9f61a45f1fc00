"""A scan of films below a folder or a bucket called films, so that the two can be compared."""

import csv

from xrayscan import ScanSettings, scan, write_reports

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
