"""Named arrays in a safetensors file whose header says, beside what it is told, what the file must hold.

Source: https://github.com/huggingface/safetensors, "Format": 8 bytes of length, JSON, then the bytes of all tensors.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from xrayscan.errors import ModelError
from xrayscan.model.plain_json import plain_json

Tensors = Mapping[str, npt.NDArray[Any]]

DIGEST = "sha256"  # in the header: over the rest of it and all tensors
NOT_AS_SEALED = "its content is not what its digest says: it was damaged or changed"
NOT_HERE = "not a model file, or a damaged one"
KINDS = frozenset("?bhilqBHILQefd")  # what NumPy and safetensors both know: no bfloat16, no float8


def sealed(key: str, header: Mapping[str, Any], tensors: Tensors) -> bytes:
    """The bytes of a file that `unsealed` accepts. ``header`` holds plain values."""
    from safetensors.numpy import save

    arrays = {name: np.asarray(array, order="C") for name, array in tensors.items()}
    text = json.dumps({**header, DIGEST: digest(header, arrays)}, ensure_ascii=False)
    return save(arrays, metadata={key: text})


def unsealed(key: str, data: bytes, *, finite: bool = True) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]], bool]:
    """Read such a file: its header, its arrays (read-only), and whether it names their digest.

    Raises: ModelError for another kind of file, for one whose digest is not that of its content, and, where all
    numbers are to be ``finite``, for one that is not.
    """
    text = metadata_of(data).get(key)
    if not isinstance(text, str):
        raise ModelError("no model card in it: it was not made by xrayscan train")
    header = plain_json(text, finite=finite)
    if not isinstance(header, dict):
        raise ModelError("its header is damaged")
    told = header.pop(DIGEST, None)
    tensors = _arrays(data)
    if told is not None and told != digest(header, tensors):
        raise ModelError(NOT_AS_SEALED)
    for name, array in tensors.items():
        if finite and array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ModelError(f"its tensor {name[:80]!r} holds values that are no numbers")
    return header, tensors, told is not None


def digest(header: Mapping[str, Any], tensors: Tensors) -> str:
    """SHA-256 in hexadecimal over plain values, and the names, types, shapes and bytes of arrays."""
    made = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name in sorted(tensors):
        array = np.asarray(tensors[name], order="C")
        made.update(json.dumps([name, array.dtype.str, array.shape]).encode())
        made.update(array.reshape(-1).view(np.uint8).data)
    return made.hexdigest()


def metadata_of(data: bytes) -> dict[str, Any]:
    """The free texts in a safetensors header, which is checked no further here. Raises: ModelError if it is none."""
    try:
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        return dict(header.get("__metadata__", {}))
    except (ValueError, TypeError, RecursionError, AttributeError, MemoryError, OverflowError) as error:
        raise ModelError(NOT_HERE) from error


def _arrays(data: bytes) -> dict[str, npt.NDArray[Any]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays: dict[str, npt.NDArray[Any]] = load(data)
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(NOT_HERE) from error
    for name, array in arrays.items():
        if array.dtype.char not in KINDS:
            raise ModelError(f"its tensor {name[:80]!r} is of a kind that no model here uses ({array.dtype})")
        array.flags.writeable = False
    return arrays
