"""Which films a model was trained or tuned on, as a model file keeps it: enough to find them again, never to read them.

A film is known by the digest of its file and by its perceptual hash, which survives resizing and re-encoding; a
patient by the digest of a key that a file name or a CSV gave. Record numbers from DICOM headers are not kept, not even
digested: whoever can count can guess them.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xrayscan.errors import ModelError
from xrayscan.model.backend import Tensors

PREFIX = "seen/"
DIGEST_BYTES = 16  # the first half of a SHA-256: no two files of any archive share it by chance
KEY_BYTES = 8

Rows = npt.NDArray[np.uint8]
Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class Provenance:
    """The films, training and validation alike, of one model. Row n of ``digests`` and of ``hashes`` is one film."""

    digests: Rows  # (N, 16)
    hashes: Hashes  # (N,): `xrayscan.dataset.perceptual_hash.hashes`
    patients: Rows  # (P, 8): one row per patient that has a key, sorted

    def __post_init__(self) -> None:
        shapes = (
            self.digests.shape[1:] == (DIGEST_BYTES,)
            and self.patients.shape[1:] == (KEY_BYTES,)
            and self.hashes.shape == (len(self.digests),)
        )
        kinds = [array.dtype.name for array in (self.digests, self.hashes, self.patients)]
        if not shapes or kinds != ["uint8", "uint64", "uint8"]:
            raise ModelError("its list of the films it was trained on is damaged")

    def __len__(self) -> int:
        return len(self.digests)

    @classmethod
    def of(cls, digests: Sequence[str], hashes: Hashes, patient_keys: Iterable[str | None]) -> "Provenance":
        """Make the list from SHA-256 texts (N,), perceptual hashes (N,) and patient keys, None where there is none."""
        return cls(digest_rows(digests), np.asarray(hashes, np.uint64), key_rows(patient_keys))

    def united(self, *others: "Provenance") -> "Provenance":
        """All films of this list and of others, each once, sorted."""
        everything = (self, *others)
        digests, first = np.unique(np.concatenate([one.digests for one in everything]), axis=0, return_index=True)
        hashes = np.concatenate([one.hashes for one in everything])[first]
        patients = np.unique(np.concatenate([one.patients for one in everything]), axis=0)
        return Provenance(digests, hashes, patients)

    def tensors(self) -> Tensors:
        """The arrays as a model file names them."""
        return {f"{PREFIX}digest": self.digests, f"{PREFIX}hash": self.hashes, f"{PREFIX}patient": self.patients}


def digest_rows(digests: Sequence[str]) -> Rows:
    """SHA-256 texts in hexadecimal (N,) → the rows (N, 16) that stand for them."""
    raw = b"".join(bytes.fromhex(digest)[:DIGEST_BYTES] for digest in digests)
    return np.frombuffer(raw, np.uint8).reshape(len(digests), DIGEST_BYTES)


def key_rows(keys: Iterable[str | None]) -> Rows:
    """Patient keys → one row (8,) for each that is not None, sorted and without repeats: (P, 8)."""
    known = sorted({hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()[:KEY_BYTES] for key in keys if key})
    return np.frombuffer(b"".join(known), np.uint8).reshape(len(known), KEY_BYTES)


def split_tensors(tensors: Tensors) -> tuple[Tensors, Provenance | None]:
    """Part the tensors of a model file into the network's and the list of films. Raises: ModelError if damaged."""
    network = {name: array for name, array in tensors.items() if not name.startswith(PREFIX)}
    if len(network) == len(tensors):
        return network, None
    try:
        return network, Provenance(*(tensors[f"{PREFIX}{name}"] for name in ("digest", "hash", "patient")))
    except KeyError as error:
        raise ModelError("its list of the films it was trained on is damaged") from error
