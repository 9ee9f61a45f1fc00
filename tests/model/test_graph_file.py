"""Exported models are one file: nothing of them is read from another."""

import pytest

from xrayscan.errors import ModelError
from xrayscan.model.file import export_model, load_model

OUTSIDE = b"\x70\x01"  # TensorProto.data_location = EXTERNAL
# Numbers of the fields on the way from the model to a tensor. Source: onnx.proto3.
PLACES = {
    "an initializer": (7, 5),
    "a constant": (7, 1, 5, 5),
    "a list of constants": (7, 1, 5, 10),
    "an initializer of a branch": (7, 1, 5, 6, 5),
    "a constant of one of several branches": (7, 1, 5, 11, 1, 5, 5),
    "a sparse initializer": (7, 15, 1),
    "a constant of a function": (25, 7, 5, 5),
}


def within(fields, body=OUTSIDE):
    for number in reversed(fields):
        tag = number << 3 | 2
        body = bytes([tag] if tag < 128 else [tag & 127 | 128, tag >> 7]) + bytes([len(body)]) + body
    return body


def exported(tmp_path, graph):
    path = str(tmp_path / "model.onnx")
    export_model(path, load_model(), graph)
    return path


@pytest.mark.parametrize("place", PLACES)
def test_weights_that_lie_in_another_file_are_refused_wherever_they_are_named(tmp_path, place):
    with pytest.raises(ModelError, match="another file"):
        load_model(exported(tmp_path, within(PLACES[place])))


@pytest.mark.parametrize("place", PLACES)
def test_weights_that_lie_in_the_file_are_taken(tmp_path, place):
    assert load_model(exported(tmp_path, within(PLACES[place], b"\x08\x01"))).graph


def test_branches_within_branches_without_end_are_no_trouble(tmp_path):
    graph = b"\x70\x01"
    for number in (5, 6, 5, 1) * 500:
        size = bytes([len(graph) & 127 | 128, len(graph) >> 7 & 127 | 128, len(graph) >> 14])
        graph = bytes([number << 3 | 2]) + size + graph
    size = bytes([len(graph) & 127 | 128, len(graph) >> 7 & 127 | 128, len(graph) >> 14])
    load_model(exported(tmp_path, bytes([7 << 3 | 2]) + size + graph))
