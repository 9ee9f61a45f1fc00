"""A scan on a Ray cluster: what has to be settled before ray is imported, since it reads its environment only then."""

import importlib
import importlib.util
import os
import secrets
from collections.abc import Iterator

from xrayscan import EngineJob, Row

if importlib.util.find_spec("ray") is None:
    raise ImportError("No module named 'ray'")

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",  # no line of a raylet goes to standard output, which is for data
}


def run(job: EngineJob, rows: Iterator[Row | None]) -> Iterator[list[Row]]:
    """Score the rows on the cluster that the job names, or on one that is started here.

    Ray's servers listen on all of a machine's addresses: nobody without its token can use the one that is started here.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    if job.cluster.address is None:
        os.environ.setdefault("RAY_AUTH_MODE", "token")
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    actors = importlib.import_module("xrayscan_plugins.ray_actors")
    yield from actors.run_on_actors(job, rows)
