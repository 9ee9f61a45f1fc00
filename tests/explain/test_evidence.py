"""Evidence: pictures of the films that were scored, and of no other."""

import hashlib
import io
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from small import write_film

from xrayscan import OutputError, Placement
from xrayscan.decode.flags import Flag
from xrayscan.explain.evidence import THUMBNAIL, WITHHELD, gather, write_heatmap
from xrayscan.explain.unchanged import CHANGED
from xrayscan.store.record import Facts, Status

CPU = Placement()


def row(path, status=Status.SCORED, flags=()):
    facts = Facts(sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    return SimpleNamespace(source=str(path), facts=facts, status=status, flags=flags)


@pytest.fixture
def rows(tmp_path):
    return [row(write_film(tmp_path / f"{seed}.png", seed)) for seed in range(4)]


def opened(data):
    return Image.open(io.BytesIO(data))


def test_the_first_rows_have_pictures_and_the_first_of_them_heatmaps_in_their_order(rows, model):
    found = list(gather(rows, model, CPU, top=3, heatmaps=2, side=40))
    assert [one.source for one in found] == [one.source for one in rows[:3]]
    assert [one.heatmap is not None for one in found] == [True, True, False]
    for one in found:
        assert max(opened(one.film).size) == 40
        assert max(opened(one.thumbnail).size) <= THUMBNAIL
        assert one.problem is None


def test_a_film_is_not_enlarged(rows):
    (found,) = gather(rows[:1], None, CPU, top=1, heatmaps=1)
    assert opened(found.film).size == (72, 64)
    assert found.heatmap is None


@pytest.mark.parametrize(("size", "side", "shown"), [((300, 200), 100, (75, 50)), ((100, 64), 800, (100, 64))])
def test_a_jpeg_is_shown_at_one_of_its_own_scales_which_leaves_nothing_to_reduce(tmp_path, size, side, shown):
    path = tmp_path / "film.jpeg"
    Image.new("L", size, 90).save(path)
    facts = Facts(sha256=hashlib.sha256(path.read_bytes()).hexdigest(), rows=size[1], columns=size[0])
    film = SimpleNamespace(source=str(path), facts=facts, status=Status.SCORED, flags=())
    (found,) = gather([film], None, CPU, top=1, heatmaps=0, side=side)
    assert opened(found.film).size == shown


def test_a_film_too_long_for_an_eighth_is_reduced_all_the_same(tmp_path):
    path = tmp_path / "long.jpeg"
    Image.new("L", (1600, 100), 90).save(path)
    facts = Facts(sha256=hashlib.sha256(path.read_bytes()).hexdigest(), rows=100, columns=1600)
    film = SimpleNamespace(source=str(path), facts=facts, status=Status.SCORED, flags=())
    (found,) = gather([film], None, CPU, top=1, heatmaps=0, side=96)
    assert opened(found.film).size == (96, 6)


def test_files_that_are_gone_or_changed_cost_their_own_rows_only(rows, model, tmp_path):
    whole = list(gather(rows, model, CPU, top=4, heatmaps=4))
    (tmp_path / "0.png").unlink()
    write_film(tmp_path / "2.png", 99)
    gone, kept, changed, last = gather(rows, model, CPU, top=4, heatmaps=4)
    assert changed.problem == CHANGED
    assert gone.problem
    assert not gone.film + changed.film + gone.thumbnail
    assert kept.film == whole[1].film
    assert last.heatmap == pytest.approx(whole[3].heatmap, abs=1e-4)


def test_a_film_with_burned_in_text_is_shown_only_on_demand(rows, model):
    rows[1].flags = (Flag.BURNED_IN,)
    first, second = gather(rows[:2], model, CPU, top=2, heatmaps=2)
    assert first.film
    assert first.heatmap is not None
    assert not second.film + second.thumbnail
    assert second.heatmap is None
    assert second.problem == WITHHELD
    assert all(one.film for one in gather(rows[:2], None, CPU, top=2, heatmaps=0, burned_in=True))


def test_failed_rows_have_no_evidence(rows, tmp_path):
    failed = row(tmp_path / "0.png", Status.FAILED)
    assert len(list(gather([*rows, failed], None, CPU, top=9, heatmaps=0))) == 4


def test_a_heatmap_file_shows_the_film_where_the_map_is_cold_and_colours_where_it_is_hot(rows, model, tmp_path):
    (one,) = gather(rows[:1], model, CPU, top=1, heatmaps=1)
    heat = np.zeros((16, 16), np.float32)
    heat[:, 8:] = 1
    object.__setattr__(one, "heatmap", heat)
    write_heatmap(one, str(tmp_path / "heat.png"))
    picture = np.asarray(opened((tmp_path / "heat.png").read_bytes()), int)
    assert (np.ptp(picture[:, :20], axis=2) == 0).all()
    assert (np.ptp(picture[:, -20:], axis=2) > 10).all()


def test_a_heatmap_that_cannot_be_written_says_where(rows, model, tmp_path):
    (one,) = gather(rows[:1], model, CPU, top=1, heatmaps=1)
    with pytest.raises(OutputError, match="nowhere"):
        write_heatmap(one, str(tmp_path / "nowhere" / "heat.png"))
