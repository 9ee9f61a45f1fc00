"""The SQL of the run's store: its tables; how records are written, found again, put in order and counted."""

APPLICATION_ID = 0x78726179  # "xray": tells our file from other SQLite databases
SCHEMA_VERSION = 1

SCHEMA = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",  # values are JSON
    """CREATE TABLE records (
        id INTEGER PRIMARY KEY,
        path BLOB NOT NULL UNIQUE,  -- absolute, as the file system's bytes
        source BLOB NOT NULL,
        size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
        made INTEGER NOT NULL,  -- the run that read it
        status TEXT NOT NULL, reason TEXT,
        format TEXT NOT NULL, rows INTEGER, columns INTEGER, sha256 TEXT NOT NULL,
        study_uid TEXT NOT NULL, series_uid TEXT NOT NULL, sop_uid TEXT NOT NULL,
        modality TEXT NOT NULL, view TEXT NOT NULL,
        probability REAL,  -- the first model's; at the training prevalence
        probabilities TEXT NOT NULL)  -- all models', JSON""",
    # What the last run found unchanged: a few bytes each to write, where marking the records would rewrite them all.
    "CREATE TABLE kept (id INTEGER PRIMARY KEY)",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)
FACTS = "format, rows, columns, sha256, study_uid, series_uid, sop_uid, modality, view"  # in the order of Facts
HERE = "(made = ?1 OR id IN kept)"  # found by the last run, whose number is the first parameter
RECORD = f"source, {FACTS}, probabilities, reason, status"
# A path that is found twice in one run, such as a hidden file that is also named, keeps what was read from it.
WRITE = f"""
    INSERT INTO records (path, size, mtime_ns, made, probability, {RECORD}) VALUES ({", ".join("?" * 18)})
    ON CONFLICT (path) DO UPDATE SET
    {", ".join(f"{name} = excluded.{name}" for name in f"size, mtime_ns, made, probability, {RECORD}".split(", "))}
    WHERE NOT (excluded.status = 'ignored' AND (records.made = excluded.made OR records.id IN kept))"""
# A rejected file without a checksum was not read whole: what was in the way may be gone, though the file is unchanged.
FIND = """
    SELECT id, status, source FROM records
    WHERE path = ? AND size = ? AND mtime_ns = ? AND (sha256 <> '' OR status <> 'rejected')"""
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
COUNTS = f"""
    SELECT count(*), total(status = 'scored'), total(status = 'rejected'), total(status = 'ignored'),
           total(made < ?1), total(made = ?1 AND status = 'scored') FROM records WHERE {HERE}"""
