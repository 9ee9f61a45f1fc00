"""A fact is declared once: the store, the CSV, JSON Lines and the page follow."""

import json
import subprocess
import sys

from xrayscan.store import record

NEW = '    detector: str = _fact("", "detector")\n    sharpness: float | None = _fact(None, "sharpness")\n'

# Runs in an interpreter of its own, in which the declaration is read with two facts more than the source file has.
SCAN = """
import importlib.util, json, os, sys
path, new, out = sys.argv[1:]
text = open(path, encoding="utf-8").read()
last = '    unlikeness: '
assert last in text
spec = importlib.util.spec_from_file_location("xrayscan.store.record", path)
module = importlib.util.module_from_spec(spec)
sys.modules["xrayscan.store.record"] = module
exec(compile(text.replace(last, new + last), path, "exec"), vars(module))

from xrayscan import write_reports
from xrayscan.model.card import ModelCard
from xrayscan.report.html import worklist_page
from xrayscan.sources.source import Source
from xrayscan.store.store import Store
from xrayscan.worklist.worklist import Worklist

card = ModelCard.from_json(sys.stdin.read())
known = module.Facts(rows=4, columns=3, detector="<DX-1>", sharpness=0.5)
with Store.open(os.path.join(out, "scan.sqlite"), models=("0",)) as store:
    store.write([(Source("a", "/a", 1, 1), module.ScanRecord("a", known, (0.25,)))])
    store.finish()
    worklist = Worklist(store, [card])
    (row,) = worklist.rows()
    assert row.facts == known, row.facts
    write_reports(worklist, out, ["csv", "jsonl", "html"])
"""


def test_a_new_fact_is_one_line_in_one_module(tmp_path, model):
    command = [sys.executable, "-c", SCAN, record.__file__, NEW, str(tmp_path)]
    done = subprocess.run(command, input=model.card.to_json(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    heading, line = (tmp_path / "triage.csv").read_text().splitlines()
    told = dict(zip(heading.split(","), line.split(","), strict=True))
    assert (told["detector"], told["sharpness"]) == ("<DX-1>", "0.50000000")
    content = json.loads((tmp_path / "triage.jsonl").read_text())
    assert (content["detector"], content["sharpness"]) == ("<DX-1>", 0.5)
    assert r'"detector":"\u003cDX-1\u003e","sharpness":"0.5"' in (tmp_path / "triage.html").read_text()
