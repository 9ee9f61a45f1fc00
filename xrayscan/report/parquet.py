"""Worklist → Parquet: the columns of the CSV, typed, for data frames and SQL, written as the rows come."""

import pyarrow.parquet as pq

from xrayscan.files.atomic import atomic_file
from xrayscan.report.arrow import arrow_batches
from xrayscan.worklist.worklist import Worklist


def write_parquet(worklist: Worklist, path: str) -> None:
    """Write every row as `arrow_batches` has it. Raises: OutputError if it cannot be written."""
    schema, batches = arrow_batches(worklist)
    with atomic_file(path) as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)
