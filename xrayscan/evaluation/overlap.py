"""Which films of a folder a model was trained or tuned on: figures on those are too optimistic."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xrayscan.dataset.perceptual_hash import COPY_BITS, Hashes, near
from xrayscan.errors import InputError
from xrayscan.model.provenance import Provenance, digest_rows, key_rows


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many films of a folder the model knows, altogether and by each way of telling. A film may count thrice."""

    films: int
    by_digest: int  # the same file
    by_hash: int  # the same picture, at another size or encoding perhaps
    by_patient: int  # another film, or the same, of the same patient

    def __str__(self) -> str:
        return (
            f"{self.films:,} of these films ({self.by_digest:,} by content, {self.by_hash:,} by perceptual hash, "
            f"{self.by_patient:,} by patient)"
        )


def overlap(seen: Provenance, digests: Sequence[str], hashes: Hashes, patient_keys: Sequence[str | None]) -> Overlap:
    """Compare films (N), given as SHA-256 texts, perceptual hashes and patient keys, with those a model has seen."""
    known, patients = ({row.tobytes() for row in rows} for rows in (seen.digests, seen.patients))
    same_file = np.array([row.tobytes() in known for row in digest_rows(digests)], bool)
    same_picture = np.zeros(len(digests), bool)
    same_picture[[film for film, _ in near(hashes, seen.hashes, COPY_BITS)]] = True
    same_patient = np.array([bool(key) and key_rows([key]).tobytes() in patients for key in patient_keys], bool)
    either = same_file | same_picture | same_patient
    return Overlap(*(int(found.sum()) for found in (either, same_file, same_picture, same_patient)))


def refuse_or_warn(overlaps: Mapping[str, Overlap | None], allowed: bool) -> Iterator[str]:
    """Refuse films that a model has seen, or yield a sentence for each model whose figures they make too optimistic.

    ``overlaps`` go by what the user called each model; None is a model that does not say what it was trained on.
    Raises: InputError if there is overlap that was not allowed.
    """
    known = {name: found for name, found in overlaps.items() if found and found.films}
    if known and not allowed:
        told = "; ".join(f"{name} was trained on {found}" for name, found in known.items())
        raise InputError(f"{told}: give films it has not seen, or --allow-overlap for figures that are too optimistic")
    for name, found in overlaps.items():
        if found is None:
            yield f"The file of {name} does not say which films it was trained on: overlap could not be checked."
        elif found.films:
            yield f"Invalid evaluation: {name} was trained on {found}, so results are too optimistic."
