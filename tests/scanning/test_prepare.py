import numpy as np
import pytest
from small import film_pixels, write_film

from xrayscan import InputSpec, Placement
from xrayscan.errors import Status
from xrayscan.scanning.prepare import prepare
from xrayscan.scanning.row import pixel_column
from xrayscan.scanning.score import NOT_A_NUMBER, BatchScorer

SPEC = InputSpec(32)


def rows_of(*seeds):
    column = pixel_column(SPEC)
    return [{"path": str(seed), column: np.ascontiguousarray(film_pixels(seed, 32)[:, :32])} for seed in seeds]


def probabilities(infer, rows):
    return {row["path"]: row["probabilities"][0] for row in infer(rows)}


def test_a_film_is_read_once_for_several_geometries(tmp_path):
    path = write_film(tmp_path / "a.png", 1)
    wide = InputSpec(64, resize="letterbox")
    row = prepare({"path": str(path)}, specs=(SPEC, wide, InputSpec(32, channels=3, mean=(0.4,), std=(0.2,))))
    assert row[pixel_column(SPEC)].shape == (32, 32)
    assert row[pixel_column(wide)].shape == (64, 64)
    assert sum(name.startswith("pixels_") for name in row) == 2
    assert (row["format"], row["rows"], row["columns"], len(row["sha256"])) == ("PNG", 64, 72, 64)


def test_a_row_that_has_a_reason_passes_through_unread():
    row = {"path": "/nowhere", "reason": "dangling link", "status": Status.FAILED}
    assert prepare(dict(row), specs=(SPEC,)) == row


@pytest.mark.parametrize(
    ("name", "content", "reason", "status"),
    [
        ("notes.txt", b"to do", "not an image", Status.SKIPPED),
        ("film.jpeg", b"to do", "not an image, though its name says so", Status.FAILED),
        ("film.dcm", b"", "empty file", Status.FAILED),
        ("films.npz", b"PK\x03\x04" + bytes(40), "NumPy is not supported: convert it to PNG or JPEG", Status.FAILED),
        ("volume.mhd", b"Comment = x\n", "MetaImage is not supported: convert it to PNG or JPEG", Status.FAILED),
        ("report.pdf", b"%PDF-1.7\n", "PDF is not supported: convert it to PNG or JPEG", Status.FAILED),
        ("films", b"\x89HDF\r\n\x1a\n", "HDF5 is not supported: convert it to PNG or JPEG", Status.FAILED),
    ],
)
def test_what_is_no_image_gets_a_reason(tmp_path, name, content, reason, status):
    (tmp_path / name).write_bytes(content)
    row = prepare({"path": str(tmp_path / name)}, specs=(SPEC,))
    assert (row["reason"], row["status"]) == (reason, status)


def test_a_probability_depends_neither_on_neighbours_nor_on_their_number(model):
    infer = BatchScorer([model], Placement(), batch_size=4)
    together = probabilities(infer, rows_of(*range(10)))
    shuffled = probabilities(infer, rows_of(*reversed(range(10))))
    alone = {key: value for seed in range(10) for key, value in probabilities(infer, rows_of(seed)).items()}
    assert together == shuffled == alone
    assert len(set(together.values())) == 10


def test_another_batch_size_changes_almost_nothing(model):
    one = probabilities(BatchScorer([model], Placement(), 1), rows_of(*range(10)))
    many = probabilities(BatchScorer([model], Placement(), 32), rows_of(*range(10)))
    assert one == pytest.approx(many, abs=1e-4)


def test_two_models_score_each_film_in_their_order(model):
    [row] = BatchScorer([model, model], Placement(), 2)(rows_of(3))
    assert row["probabilities"][0] == row["probabilities"][1]
    assert not any(key.startswith("pixels_") for key in row)


def test_out_of_memory_halves_the_batch_and_goes_on(model):
    infer = BatchScorer([model], Placement(), batch_size=8)
    expected = probabilities(infer, rows_of(*range(20)))
    predictor = infer._models[0][1]
    predict, seen = predictor.predict, []

    def scarce(pixels):
        seen.append(len(pixels))
        if len(pixels) > 2:
            raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB")
        return predict(pixels)

    predictor.predict = scarce
    assert probabilities(infer, rows_of(*range(20))) == pytest.approx(expected, abs=1e-4)
    assert seen[:3] == [8, 4, 2]
    assert infer.batch_size == 2


def test_an_error_that_is_not_about_memory_is_not_swallowed(model):
    infer = BatchScorer([model], Placement(), batch_size=8)

    def broken(pixels):
        raise RuntimeError("expected scalar type Float")

    infer._models[0][1].predict = broken
    with pytest.raises(RuntimeError, match="scalar type"):
        infer(rows_of(1))


@pytest.mark.parametrize("logit", [np.nan, np.inf, -np.inf])
def test_a_logit_that_is_no_number_becomes_that_films_reason(model, logit):
    infer = BatchScorer([model], Placement(), batch_size=4)
    infer._models[0][1].predict = lambda pixels: np.array([0.1, logit, 0.3, 0.0], np.float32)
    first, second, third = infer(rows_of(0, 1, 2))
    assert second["reason"] == NOT_A_NUMBER
    assert "probabilities" not in second
    assert first["probabilities"] != third["probabilities"]


@pytest.mark.parametrize("name", ["film.dcm", "film.jpg", "film.tif", "film.bmp", "film"])
def test_a_film_under_the_name_of_another_format_is_read_by_its_content(tmp_path, name):
    as_it_is = prepare({"path": str(write_film(tmp_path / "a.png", 1))}, specs=(SPEC,))
    (tmp_path / name).write_bytes((tmp_path / "a.png").read_bytes())
    row = prepare({"path": str(tmp_path / name)}, specs=(SPEC,))
    np.testing.assert_array_equal(row[pixel_column(SPEC)], as_it_is[pixel_column(SPEC)])
