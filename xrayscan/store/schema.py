"""The SQL of the run's store: its tables; how records are written, found again, put in order and counted."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from xrayscan.sources.source import IDENTITY
from xrayscan.store.record import FACT_TYPES, LATERAL, LONG_WAIT, LONG_WAIT_OF_FILE, UNLIKE

APPLICATION_ID = 0x78726179  # "xray": tells our file from other SQLite databases
SCHEMA_VERSION = 4

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
        taken_ns INTEGER,  -- when the film was taken, for the reading order alone; NULL: nobody knows
        probabilities TEXT NOT NULL,  -- all models', JSON
        {", ".join(f"{name} {SQL_TYPES[kind]}" for name, kind in FACT_TYPES.items())})""",
    # What the last run found unchanged: a few bytes each to write, where marking the records would rewrite them all.
    "CREATE TABLE kept (id INTEGER PRIMARY KEY)",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)
HERE = "(made = ?1 OR id IN kept)"  # found by the last run, whose number is the first parameter
RECORD = f"source, probabilities, status, reason, code, flags, {FACTS}"
WRITTEN = f"path, made, probability, taken_ns, {', '.join(IDENTITY)}, {RECORD}"
# A path that is found twice in one run, such as a hidden file that is also named, keeps what was read from it.
WRITE = f"""
    INSERT INTO records ({WRITTEN}) VALUES ({", ".join("?" * len(WRITTEN.split(", ")))})
    ON CONFLICT (path) DO UPDATE SET
    {", ".join(f"{name} = excluded.{name}" for name in WRITTEN.split(", ")[1:])}
    WHERE NOT (excluded.status = 'skipped' AND (records.made = excluded.made OR records.id IN kept))"""
COPY = f"SELECT {WRITTEN.replace('made', '?2', 1)} FROM records WHERE {HERE}"  # as of the run ?2 of another store
# A failed file without a checksum was not read whole: what was in the way may be gone, though the file is unchanged.
FIND = f"""
    SELECT id, status, source FROM records
    WHERE path = ? AND {" AND ".join(f"{name} = ?" for name in IDENTITY)} AND (sha256 <> '' OR status <> 'failed')"""


def _lifted(time: str) -> str:
    """What orders films of long ago first."""
    return f"CASE WHEN {time} <= ?3 THEN {time} ELSE {2**63 - 1} END"


def _flagged(time: str) -> str:
    """A record's columns, with the flag that says so of a film that stands there for its time."""
    flag = f"CASE WHEN taken_ns IS NULL THEN '{LONG_WAIT_OF_FILE}' ELSE '{LONG_WAIT}' END"
    flags = f"CASE WHEN {time} <= ?3 THEN json_insert(flags, '$[#]', {flag}) ELSE flags END"
    return RECORD.replace(" flags,", f" {flags},")


SINCE = "coalesce(taken_ns, nullif(mtime_ns, 0))"  # that a film waits: NULL where neither film nor place tells a time
IS_LATERAL, IS_UNLIKE = (f"instr(flags, '{json.dumps(flag)}')" for flag in (LATERAL, UNLIKE))
# {score} orders: the column probability, or a function of all models' probabilities. ?2 is the lowest score of those
# that are read before the films that stand apart, or NULL where none do. Groups: 0, 1 apart, 2 the rest.
# ?3 is the time since when a film has waited so long that it comes first, the oldest in front, or NULL where none does.
BY_IMAGE = f"""
    SELECT {_flagged(SINCE)} FROM records WHERE {HERE} AND status = 'scored'
    ORDER BY {_lifted(SINCE)},
             CASE WHEN ?2 IS NULL THEN 0 WHEN {IS_UNLIKE} THEN 1 WHEN {{score}} >= ?2 THEN 0 ELSE 2 END,
             {{score}} DESC, source"""
# The key of an image without a study is a blob, so it cannot equal a text. What counts of a study are its images that
# are not lateral, or all where there are no others; what is unlike training counts for its score only if all is.
BY_STUDY = f"""
    SELECT study, {_flagged("oldest")} FROM (
        SELECT *, min(source) OVER same AS first_source, min({SINCE}) OVER same AS oldest,
               max(counts AND apart) OVER same AS is_apart,
               coalesce(max(CASE WHEN counts AND NOT apart THEN score END) OVER same,
                        max(CASE WHEN counts THEN score END) OVER same) AS highest,
               max(CASE WHEN counts AND NOT apart THEN score END) OVER same AS highest_like
        FROM (SELECT *, NOT lateral OR min(lateral) OVER study_of AS counts
              FROM (SELECT *, {{score}} AS score, {IS_LATERAL} > 0 AS lateral,
                           ?2 IS NOT NULL AND {IS_UNLIKE} > 0 AS apart,
                           CASE study_uid WHEN '' THEN path ELSE study_uid END AS study
                    FROM records WHERE {HERE} AND status = 'scored')
              WINDOW study_of AS (PARTITION BY study))
        WINDOW same AS (PARTITION BY study))
    ORDER BY {_lifted("oldest")}, CASE WHEN ?2 IS NULL OR highest_like >= ?2 THEN 0 WHEN is_apart THEN 1 ELSE 2 END,
             highest DESC, first_source, study, score DESC, source"""
# Below a probability, films that stand apart not counted among them.
BELOW = f"""
    SELECT count(*) FROM records
    WHERE {HERE} AND status = 'scored' AND probability < ?2 AND NOT (?3 AND {IS_UNLIKE})"""
COUNT_UNLIKE = f"SELECT count(*) FROM records WHERE {HERE} AND status = 'scored' AND {IS_UNLIKE}"
MADE_AFTER = f"SELECT source FROM records WHERE {HERE} AND status = 'scored' AND made > ?2"
UNSCORED = f"SELECT {RECORD} FROM records WHERE {HERE} AND status = ?2 ORDER BY {{order}}"
REASONS = f"SELECT reason, count(*) FROM records WHERE {HERE} AND status = ?2 GROUP BY 1 ORDER BY 1"
CODES = f"SELECT reason, max(code) FROM records WHERE {HERE} AND status = ?2 GROUP BY 1"
COUNTS = f"""
    SELECT count(*), total(status = 'scored'), total(status = 'set aside'), total(status = 'failed'),
           total(status = 'skipped'), total(made < ?1), total(made = ?1 AND status = 'scored')
    FROM records WHERE {HERE}"""
