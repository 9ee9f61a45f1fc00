"""Which films a model was trained or tuned on, as a model file keeps it: enough to find them again, never to read them.

A film is known by the digest of its file and by its perceptual hash, which survives resizing and re-encoding; a
patient by the digest of a key that a file name or a CSV gave. Record numbers from DICOM headers are not kept, not even
digested: whoever can count can guess them.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xrayscan.errors import ModelError
from xrayscan.model.tensors import Tensors

PREFIX = "seen/"
DIGEST_BYTES = 16  # the first half of a SHA-256: no two files of any archive share it by chance
KEY_BYTES = 8
NAMES = ("digest", "hash", "patient", "held_out")
DAMAGED = "its list of the films it was trained on is damaged"

Rows = npt.NDArray[np.uint8]
Hashes = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Provenance:
    """The films, training and validation alike, of one model, or of one side of a split.

    Row n of ``digests``, ``hashes`` and ``held_out`` is one film.
    """

    digests: Rows  # (N, 16)
    hashes: Hashes  # (N,): `xrayscan.dataset.perceptual_hash.hashes`
    patients: Rows  # (P, 8): one row per patient that has a key, sorted
    held_out: Flags  # (N,): 1 for a film of validation, which no weights were fitted to

    def __post_init__(self) -> None:
        count = (len(self.digests),)
        shapes = (
            self.digests.shape[1:] == (DIGEST_BYTES,)
            and self.patients.shape[1:] == (KEY_BYTES,)
            and self.hashes.shape == count == self.held_out.shape
        )
        kinds = [array.dtype.name for array in (self.digests, self.hashes, self.patients, self.held_out)]
        if not shapes or kinds != ["uint8", "uint64", "uint8", "uint8"]:
            raise ModelError(DAMAGED)

    def __len__(self) -> int:
        return len(self.digests)

    @classmethod
    def from_films(
        cls,
        digests: Sequence[str],
        hashes: Hashes,
        patient_keys: Iterable[str | None],
        held_out: npt.ArrayLike = False,
    ) -> "Provenance":
        """Make the list from SHA-256 texts (N,), perceptual hashes (N,) and patient keys, None where there is none.

        ``held_out`` says which of them (N,), or whether all of them, are films of validation.
        """
        flags = np.broadcast_to(np.asarray(held_out, np.uint8), (len(digests),)).copy()
        return cls(digest_rows(digests), np.asarray(hashes, np.uint64), key_rows(patient_keys), flags)

    def united(self, *others: "Provenance") -> "Provenance":
        """The films of this list and of others, each once, sorted; held out only where nothing was fitted to it.

        Without others the list is as it was.
        """
        if not others:
            return self
        everything = (self, *others)
        digests, first, same = np.unique(
            np.concatenate([one.digests for one in everything]), axis=0, return_index=True, return_inverse=True
        )
        held_out = np.ones(len(digests), np.uint8)
        np.minimum.at(held_out, same.ravel(), np.concatenate([one.held_out for one in everything]))
        hashes = np.concatenate([one.hashes for one in everything])[first]
        patients = np.unique(np.concatenate([one.patients for one in everything]), axis=0)
        return Provenance(digests, hashes, patients, held_out)

    def fitted_to(self) -> set[bytes]:
        """The digests of the films that weights were fitted to."""
        return {row.tobytes() for row in self.digests[self.held_out == 0]}

    def validated_on(self) -> set[bytes]:
        """The digests of the films that were held out."""
        return {row.tobytes() for row in self.digests[self.held_out == 1]}

    def tensors(self) -> Tensors:
        """The arrays as a model file names them."""
        arrays: tuple[npt.NDArray[Any], ...] = (self.digests, self.hashes, self.patients, self.held_out)
        return {f"{PREFIX}{name}": array for name, array in zip(NAMES, arrays, strict=True)}


def digest_rows(digests: Sequence[str]) -> Rows:
    """SHA-256 texts in hexadecimal (N,) → the rows (N, 16) that stand for them."""
    raw = b"".join(bytes.fromhex(digest)[:DIGEST_BYTES] for digest in digests)
    return np.frombuffer(raw, np.uint8).reshape(len(digests), DIGEST_BYTES)


def key_rows(keys: Iterable[str | None]) -> Rows:
    """Patient keys → one row (8,) for each that is not None, sorted and without repeats: (P, 8)."""
    known = sorted({hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()[:KEY_BYTES] for key in keys if key})
    return np.frombuffer(b"".join(known), np.uint8).reshape(len(known), KEY_BYTES)


def split_tensors(tensors: Tensors) -> tuple[Tensors, Provenance | None]:
    """Part tensors of a model file, or of a backend, into the network's and the list of films, None if there is none.

    A list that does not say what was held out, as the first model files did not, counts as fitted to as a whole.
    Raises: ModelError if it is damaged.
    """
    network = {name: array for name, array in tensors.items() if not name.startswith(PREFIX)}
    if len(network) == len(tensors):
        return network, None
    seen = {name.removeprefix(PREFIX): array for name, array in tensors.items() if name.startswith(PREFIX)}
    if {*seen, "held_out"} != set(NAMES) or not all(array.ndim for array in seen.values()):
        raise ModelError(DAMAGED)
    seen.setdefault("held_out", np.zeros(len(seen["digest"]), np.uint8))
    return network, Provenance(*(seen[name] for name in NAMES))
