"""Records as scans write them, and what a store has of them."""

from xrayscan.sources.source import Source
from xrayscan.store.record import Facts, ScanRecord, Status

MODELS = ("model-a",)
READ = Facts(format="JPEG", rows=10, columns=20, sha256="0" * 64)


def source(name, *, size=10, mtime_ns=1_000):
    return Source(f"in/{name}", f"/data/in/{name}", size, mtime_ns)


def scored(name, *probabilities, flags=(), **facts):
    found, facts = source(name), Facts(format="JPEG", rows=10, columns=20, sha256="0" * 64, **facts)
    return found, ScanRecord(found.source, facts, probabilities or (0.5,), flags=flags)


def refused(name, reason="truncated JPEG", *, facts=READ, status=Status.FAILED):
    found = source(name)
    return found, ScanRecord(found.source, facts, status=status, reason=reason)


def names(store):
    return [(rank, record.source.removeprefix("in/")) for rank, record in store.scored()]
