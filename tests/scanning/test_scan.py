import os
import random
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image
from small import make_model, write_film

from xrayscan import OutputError, RankSettings, ScanSettings, UsageError, load_model, scan, write_reports
from xrayscan.observing.progress import Progress
from xrayscan.scanning.scan import STORE_NAME, candidates

HERE = ScanSettings(workers=0)


def scanned(paths, model, out, settings=HERE, **options):
    """Scan and return the rows by file name."""
    with scan([os.fspath(p) for p in paths], model=model, out=os.fspath(out), settings=settings, **options) as worklist:
        return {os.path.basename(row.source): row for row in worklist.rows()}


def probabilities(rows):
    return {name: row.probability for name, row in rows.items() if row.probability is not None}


def truncated_jpeg(path, source):
    data = source.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3] + b"\xff\xd9")


def test_every_film_of_a_folder_is_ranked(films, model, tmp_path):
    with scan([str(films)], model=model, out=str(tmp_path / "out"), settings=HERE) as worklist:
        rows = list(worklist.rows())
    assert [row.rank for row in rows] == list(range(1, 8))
    assert [row.probability for row in rows] == sorted((row.probability for row in rows), reverse=True)
    assert len({row.probability for row in rows}) == 7
    assert worklist.exit_code == 0


def test_an_unreadable_file_does_not_shift_its_neighbours(tmp_path, model):
    folder = tmp_path / "films"
    write_film(folder / "a.jpeg", 1)
    write_film(folder / "c.jpeg", 3)
    write_film(tmp_path / "whole.jpeg", 2, side=200)
    truncated_jpeg(folder / "b.jpeg", tmp_path / "whole.jpeg")
    rows = scanned([folder], model, tmp_path / "out", ScanSettings(workers=0, batch_size=2))
    assert rows["b.jpeg"].reason
    for name in ("a.jpeg", "c.jpeg"):
        alone = scanned([folder / name], model, tmp_path / f"out-{name}")
        assert rows[name].probability == pytest.approx(alone[name].probability, abs=1e-6)


@pytest.mark.parametrize("workers", [1, 3])
def test_worker_count_and_order_change_nothing(films, model, tmp_path, workers):
    expected = probabilities(scanned([films], model, tmp_path / "one"))
    paths = [str(path) for path in films.rglob("*") if path.is_file()]
    random.Random(workers).shuffle(paths)
    assert probabilities(scanned(paths, model, tmp_path / "two", ScanSettings(workers=workers))) == expected


def test_a_tree_of_bad_input_ends_with_one_record_for_every_path(tmp_path, model):
    folder = tmp_path / "films"
    good = write_film(folder / "good.jpeg", 1, side=200)
    truncated_jpeg(folder / "cut.jpeg", good)
    png = write_film(tmp_path / "whole.png", 2, side=200).read_bytes()
    (folder / "cut.png").write_bytes(png[: len(png) // 2])
    (folder / "text.jpeg").write_text("not a film")
    (folder / "notes.txt").write_text("call back")
    (folder / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    os.mkfifo(folder / "x.dcm")
    (folder / "loop").symlink_to("loop")
    (folder / "up").symlink_to(".")
    (folder / "gone.jpeg").symlink_to("nowhere.jpeg")
    with scan([str(folder)], model=model, out=str(tmp_path / "out"), settings=HERE) as worklist:
        counts, rows = worklist.counts, {os.path.basename(row.source): row for row in worklist.rows()}
    assert counts.found == counts.scored + counts.set_aside + counts.failed + counts.skipped == 10
    assert set(rows) == {"good.jpeg", "cut.jpeg", "cut.png", "text.jpeg", "x.dcm", "loop", "gone.jpeg"}
    assert {name for name, row in rows.items() if row.reason} == set(rows) - {"good.jpeg"}
    assert worklist.exit_code == 6
    alone = scanned([good], model, tmp_path / "alone")
    assert rows["good.jpeg"].probability == alone["good.jpeg"].probability


def test_a_folder_without_one_film_gives_exit_code_3(tmp_path, model):
    (tmp_path / "films").mkdir()
    (tmp_path / "films" / "notes.txt").write_text("nothing here")
    with scan([str(tmp_path / "films")], model=model, out=str(tmp_path / "out"), settings=HERE) as worklist:
        assert worklist.exit_code == 3
        assert worklist.counts.skipped == 1


def test_a_second_scan_reads_only_what_is_new_or_changed(films, model, tmp_path):
    first = scanned([films], model, tmp_path / "out")
    write_film(films / "new.png", 50)
    write_film(films / "a.jpeg", 51)
    os.utime(films / "a.jpeg", ns=(1, 1))
    (films / "b.png").unlink()
    with scan([str(films)], model=model, out=str(tmp_path / "out"), settings=HERE) as worklist:
        counts, rows = worklist.counts, {os.path.basename(row.source): row for row in worklist.rows()}
    assert (counts.found, counts.kept, counts.new, counts.removed) == (7, 5, 2, 1)
    assert "b.png" not in rows
    assert rows["a.jpeg"].probability != first["a.jpeg"].probability
    assert rows["c.bmp"].probability == first["c.bmp"].probability


def test_a_scan_that_has_nothing_to_read_needs_no_model_on_a_device(films, model, tmp_path):
    scanned([films], model, tmp_path / "out")
    elsewhere = ScanSettings(workers=0, device="cuda:99")
    assert len(scanned([films], model, tmp_path / "out", elsewhere)) == 7
    with pytest.raises(UsageError, match="cuda:99"):
        scanned([films], model, tmp_path / "other", elsewhere)


def test_another_model_in_the_same_folder_is_refused_unless_fresh(films, model, tmp_path):
    before = scanned([films], model, tmp_path / "out")
    other = load_model(str(make_model(tmp_path / "other.safetensors", seed=9)))
    with pytest.raises(OutputError, match="--fresh"):
        scanned([films], other, tmp_path / "out")
    after = scanned([films], other, tmp_path / "out", ScanSettings(workers=0, fresh=True))
    assert probabilities(after) != probabilities(before)


def test_progress_counts_every_path(films, model, tmp_path):
    seen = []
    scanned([films], model, tmp_path / "out", on_progress=lambda p: seen.append((p.done, p.found, p.walked)))
    assert seen[-1] == (7, 7, True)


def test_ranking_settings_change_the_report_and_not_the_store(films, model, tmp_path):
    plain = scanned([films], model, tmp_path / "out")
    rare = scanned([films], model, tmp_path / "out", ScanSettings(workers=0, rank=RankSettings(prevalence=0.02)))
    assert all(rare[name].probability < plain[name].probability for name in plain)
    assert [rare[name].tier for name in plain] == [plain[name].tier for name in plain]
    assert probabilities(scanned([films], model, tmp_path / "out")) == probabilities(plain)


def test_candidates_are_listed_without_scanning(films):
    (films / "notes.txt").write_text("no film")
    (films / "text.jpeg").write_text("no film")
    progress = Progress()
    listed = sorted(os.path.basename(source) for source in candidates([str(films)], progress))
    assert listed == ["a.jpeg", "b.png", "c.bmp", "d.jpeg", "e.png", "f.jpeg", "g.png"]
    assert (progress.found, progress.scored, progress.failed, progress.skipped) == (9, 7, 1, 1)


SCAN = """
import sys
from xrayscan import ScanSettings, scan, write_reports
if __name__ == "__main__":
    folder, model, out = sys.argv[1:]
    with scan([folder], model=model, out=out, settings=ScanSettings(workers=1, batch_size=4)) as worklist:
        write_reports(worklist, out, ["csv"])
"""


def test_a_scan_killed_at_any_moment_goes_on_to_the_same_worklist(tmp_path, model_file):
    films, out, whole = tmp_path / "films", tmp_path / "out", tmp_path / "whole"
    for seed in range(300):
        write_film(films / f"{seed:03}.png", seed)
    script = tmp_path / "scan.py"
    script.write_text(SCAN)
    for delay in (0.3, 1.0, 2.0):
        process = subprocess.Popen([sys.executable, str(script), str(films), model_file, str(out)])
        until = time.monotonic() + 20
        while not (out / STORE_NAME).exists() and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
    settings = ScanSettings(workers=0, batch_size=4)
    for folder in (out, whole):
        with scan([str(films)], model=model_file, out=str(folder), settings=settings) as worklist:
            write_reports(worklist, str(folder), ["csv"])
            counts = worklist.counts
            assert counts.scored == counts.kept + counts.new == 300
    assert (out / "triage.csv").read_bytes() == (whole / "triage.csv").read_bytes()


def test_a_film_and_its_copy_in_another_format_score_alike(tmp_path, model):
    write_film(tmp_path / "films" / "a.png", 4)
    with Image.open(tmp_path / "films" / "a.png") as image:
        image.save(tmp_path / "films" / "b.bmp")
        Image.fromarray(np.stack([np.asarray(image)] * 3, -1)).save(tmp_path / "films" / "c.png")
    shutil.copy(tmp_path / "films" / "a.png", tmp_path / "films" / "d")
    rows = scanned([tmp_path / "films"], model, tmp_path / "out")
    assert len({round(row.probability, 6) for row in rows.values()}) == 1
    assert rows["d"].facts.sha256 == rows["a.png"].facts.sha256


def test_what_a_scan_computes_on_is_told_once_before_it_scores_and_never_where_there_is_nothing_to_score(
    films, model, tmp_path
):
    told, scored = [], []

    def on_start(hardware):
        told.append((hardware, list(scored)))

    settings = ScanSettings(workers=0, device="cpu", precision="fp32", batch_size=3)
    for _ in range(2):  # the second one finds every record
        with scan(
            [films],
            model=model,
            out=tmp_path / "out",
            settings=settings,
            on_progress=lambda progress: scored.extend([1] * progress.scored),
            on_start=on_start,
        ):
            pass
    [(hardware, before)] = told
    assert (hardware.placement.device, hardware.placement.precision, hardware.batch_size) == ("cpu", "fp32", 3)
    assert not before
