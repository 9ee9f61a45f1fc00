"""Exported models: the network as an ONNX graph, or as OpenVINO's two files, and the rest of the model inside it.

An ONNX file is a protocol buffer, to which fields may be appended: the card stands in its ``metadata_props``, where
every viewer shows it, and beside it what else a model file holds, the gate and the list of films it was trained on, as
a safetensors file in base64. OpenVINO's ``.xml`` carries both in a comment at its end; its weights lie beside it as
``.bin``. A digest covers all of it. Source: onnx.proto3, messages ModelProto to StringStringEntryProto.
"""

import base64
import binascii
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from xrayscan.errors import ModelError
from xrayscan.files.atomic import atomic_file
from xrayscan.files.regular import read_regular
from xrayscan.model.card import ModelCard
from xrayscan.model.tensors import NOT_AS_SEALED, Tensors, digest, sealed, unsealed

KEY, CARD_KEY = "xrayscan", "xrayscan.card"  # of the metadata: what is read back, and what people read
GRAPH, WEIGHTS = "graph", "weights"  # names of the graph's bytes among the tensors, which the digest covers
GRAPH_DIGEST = "graph_sha256"  # its name in the header
PROPS, DATA_LOCATION = 14, 14  # field numbers
# Message → number of a field → the message in it, on every way that leads to a tensor.
INSIDE: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse tensor"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse tensor", 23: "sparse tensor"},
    "sparse tensor": {1: "tensor", 2: "tensor"},
    "function": {7: "node", 11: "attribute"},
    "training": {1: "graph", 2: "graph"},
    "tensor": {},
}
VARINT, EIGHT, LENGTH, FOUR = 0, 1, 2, 5  # wire types
SUFFIXES = {".onnx": "onnx", ".xml": "openvino"}
OPEN, CLOSE = b"\n<!-- xrayscan:", b" -->\n"
NOT_OURS = "no model card in it: it was not made by xrayscan export"
DAMAGED = "it is a damaged ONNX file, or none"


@dataclass(frozen=True, slots=True)
class Exported:
    """What an exported file holds. ``graph`` is ONNX, or OpenVINO's XML with ``weights`` beside it."""

    card: ModelCard
    tensors: Tensors  # the gate's, and those of the films seen in training
    graph: bytes
    weights: bytes = b""

    @property
    def fingerprint(self) -> str:
        """SHA-256 in hexadecimal of all of it."""
        return hashlib.sha256(_sealed(self)).hexdigest()


def save_exported(path: str, exported: Exported) -> None:
    """Write an exported model, by its suffix; it replaces an older one file by file. Raises: OutputError."""
    text = base64.b64encode(_sealed(exported))
    if _is_onnx(path):
        end = _entry(CARD_KEY, exported.card.to_json().encode()) + _entry(KEY, text)
    else:
        end = OPEN + text + CLOSE
        with atomic_file(weights_beside(path)) as file:
            file.write(exported.weights)
    with atomic_file(path) as file:
        file.write(exported.graph + end)


def read_exported(path: str) -> Exported:
    """Read an exported file. Raises: ModelError if it is damaged or was not made by xrayscan; OSError."""
    data = read_regular(path)
    if _is_onnx(path):
        return _opened(*_split_onnx(data))
    graph, found, rest = data.partition(OPEN)
    if not found or not rest.endswith(CLOSE):
        raise ModelError(NOT_OURS)
    return _opened(graph, rest[: -len(CLOSE)], read_regular(weights_beside(path)))


def graph_suffix(path: str) -> str:
    """How the name of an exported model's file ends, in lower case; empty for any other file."""
    suffix = os.path.splitext(path)[1].lower()
    return suffix if suffix in SUFFIXES else ""


def _is_onnx(path: str) -> bool:
    return SUFFIXES[graph_suffix(path)] == "onnx"


def weights_beside(path: str) -> str:
    """Where OpenVINO looks for the weights."""
    return f"{os.path.splitext(path)[0]}.bin"


def _sealed(exported: Exported) -> bytes:
    """A safetensors file of the card and all tensors, sealed over the graph too, which it does not hold."""
    card = exported.card.plain()
    told = digest(card, {**exported.tensors, **_of_graph(exported.graph, exported.weights)})
    return sealed(KEY, {**card, GRAPH_DIGEST: told}, exported.tensors)


def _opened(graph: bytes, text: bytes, weights: bytes = b"") -> Exported:
    try:
        header, tensors, whole = unsealed(KEY, base64.b64decode(text, validate=True))
    except binascii.Error as error:
        raise ModelError("its card is damaged") from error
    told = header.pop(GRAPH_DIGEST, None)
    if not whole or told != digest(header, {**tensors, **_of_graph(graph, weights)}):
        raise ModelError(NOT_AS_SEALED)
    return Exported(ModelCard.from_plain(header), tensors, graph, weights)


def _of_graph(graph: bytes, weights: bytes) -> Tensors:
    return {GRAPH: np.frombuffer(graph, np.uint8), WEIGHTS: np.frombuffer(weights, np.uint8)}


def _entry(key: str, value: bytes) -> bytes:
    """An entry of ``metadata_props``, as its bytes at the end of an ONNX file."""
    body = b"".join(_field(number, text) for number, text in ((1, key.encode()), (2, value)))
    return _field(PROPS, body)


def _field(number: int, body: bytes) -> bytes:
    return _varint(number << 3 | LENGTH) + _varint(len(body)) + body


def _varint(value: int) -> bytes:
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*made, value))


def _split_onnx(data: bytes) -> tuple[bytes, bytes]:
    """The graph without our metadata, and the text in it. Raises: ModelError for another file.

    What is exported keeps all weights inside: one that points at other files is refused.
    """
    view, begin, text = memoryview(data), len(data), None
    for number, start, at, end in _fields(view):
        entry = {n: bytes(view[at + b : at + e]) for n, _, b, e in _fields(view[at:end])} if number == PROPS else {}
        if entry.get(1) in (KEY.encode(), CARD_KEY.encode()):
            begin = min(begin, start)
            text = entry.get(2) if entry[1] == KEY.encode() else text
        elif begin < len(data):
            raise ModelError("something was added to it after it was exported")
    if text is None:
        raise ModelError(NOT_OURS)
    _refuse_outside_weights(view[:begin])
    return data[:begin], text


def _refuse_outside_weights(model: memoryview) -> None:
    """Look at every tensor, those of branches, loops and functions too."""
    messages = [("model", model)]
    while messages:
        kind, message = messages.pop()
        for number, _, at, end in _fields(message):
            if kind == "tensor" and number == DATA_LOCATION:
                raise ModelError("its weights lie in another file, which is not read")
            if inner := INSIDE[kind].get(number):
                messages.append((inner, message[at:end]))


def _fields(view: memoryview) -> Iterator[tuple[int, int, int, int]]:
    """Number, begin, begin and end of the value, of every field. Raises: ModelError for what is no protocol buffer."""
    at = 0
    while at < len(view):
        start = at
        tag, at = _number(view, at)
        kind = tag & 7
        if kind == LENGTH:
            size, at = _number(view, at)
        elif kind == VARINT:
            size = _number(view, at)[1] - at
        elif kind in (EIGHT, FOUR):
            size = 8 if kind == EIGHT else 4
        else:
            raise ModelError(DAMAGED)
        if at + size > len(view):
            raise ModelError(DAMAGED)
        yield tag >> 3, start, at, at + size
        at += size


def _number(view: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(view):
            break
        value |= (view[at] & 0x7F) << shift
        at += 1
        if view[at - 1] < 0x80:
            return value, at
    raise ModelError(DAMAGED)
