"""The SQL of the run's store: its tables; how records are written, found again, put in order and counted."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from xrayscan.sources.source import IDENTITY
from xrayscan.store.record import FACT_TYPES

APPLICATION_ID = 0x78726179  # "xray": tells our file from other SQLite databases
SCHEMA_VERSION = 3

SQL_TYPES: Mapping[Any, str] = MappingProxyType({str: "TEXT NOT NULL", int | None: "INTEGER", float | None: "REAL"})
FACTS = ", ".join(FACT_TYPES)
SCHEMA = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",  # values are JSON
    f"""CREATE TABLE records (
        id INTEGER PRIMARY KEY,
        path BLOB NOT NULL UNIQUE,  -- absolute, as the file system's bytes
        source BLOB NOT NULL,
        {", ".join(f"{name} INTEGER NOT NULL" for name in IDENTITY)},
        made INTEGER NOT NULL,  -- the run that read it
        status TEXT NOT NULL, code TEXT NOT NULL, reason TEXT,
        flags TEXT NOT NULL,  -- JSON
        probability REAL,  -- the first model's; at the training prevalence
        probabilities TEXT NOT NULL,  -- all models', JSON
        {", ".join(f"{name} {SQL_TYPES[kind]}" for name, kind in FACT_TYPES.items())})""",
    # What the last run found unchanged: a few bytes each to write, where marking the records would rewrite them all.
    "CREATE TABLE kept (id INTEGER PRIMARY KEY)",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)
HERE = "(made = ?1 OR id IN kept)"  # found by the last run, whose number is the first parameter
RECORD = f"source, probabilities, status, reason, code, flags, {FACTS}"
WRITTEN = f"path, made, probability, {', '.join(IDENTITY)}, {RECORD}"
# A path that is found twice in one run, such as a hidden file that is also named, keeps what was read from it.
WRITE = f"""
    INSERT INTO records ({WRITTEN}) VALUES ({", ".join("?" * len(WRITTEN.split(", ")))})
    ON CONFLICT (path) DO UPDATE SET
    {", ".join(f"{name} = excluded.{name}" for name in WRITTEN.split(", ")[1:])}
    WHERE NOT (excluded.status = 'skipped' AND (records.made = excluded.made OR records.id IN kept))"""
# A failed file without a checksum was not read whole: what was in the way may be gone, though the file is unchanged.
FIND = f"""
    SELECT id, status, source FROM records
    WHERE path = ? AND {" AND ".join(f"{name} = ?" for name in IDENTITY)} AND (sha256 <> '' OR status <> 'failed')"""
# {score} orders: the column probability, or a function of all models' probabilities.
BY_IMAGE = f"""
    SELECT {RECORD} FROM records WHERE {HERE} AND status = 'scored' ORDER BY {{score}} DESC, source"""
# The key of an image without a study is a blob, so it cannot equal a text.
BY_STUDY = f"""
    SELECT study, {RECORD} FROM (
        SELECT *, min(source) OVER same AS first_source, coalesce(
               max(CASE WHEN NOT is_lateral(view) THEN score END) OVER same, max(score) OVER same) AS highest
        FROM (SELECT *, {{score}} AS score, CASE study_uid WHEN '' THEN path ELSE study_uid END AS study
              FROM records WHERE {HERE} AND status = 'scored')
        WINDOW same AS (PARTITION BY study))
    ORDER BY highest DESC, first_source, study, score DESC, source"""
UNSCORED = f"SELECT {RECORD} FROM records WHERE {HERE} AND status = ?2 ORDER BY {{order}}"
REASONS = f"SELECT reason, count(*) FROM records WHERE {HERE} AND status = ?2 GROUP BY 1 ORDER BY 1"
CODES = f"SELECT reason, max(code) FROM records WHERE {HERE} AND status = ?2 GROUP BY 1"
COUNTS = f"""
    SELECT count(*), total(status = 'scored'), total(status = 'set aside'), total(status = 'failed'),
           total(status = 'skipped'), total(made < ?1), total(made = ?1 AND status = 'scored')
    FROM records WHERE {HERE}"""
