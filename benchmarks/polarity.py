"""Learn the rule that tells inverted films by their pixels, and measure it on films that it has not seen.

    python benchmarks/polarity.py LABELLED_FOLDER [OTHER_FOLDER ...]

The rule of `xrayscan.checks.polarity` is learned on three quarters of the patients of LABELLED_FOLDER, as they are and
three times more with their edges cut or blackened and their exposure changed, every film both ways. The table is of
the weights that xrayscan ships, on the other quarter and on the other folders: the share of films that are left as they
are, turned, or flagged as doubtful, as they are and inverted. The weights just learned are printed below it.
"""

import os
import time
from collections.abc import Iterator

import numpy as np
from arguments import folder_parser
from PIL import Image
from sklearn.linear_model import LogisticRegression

from xrayscan import FolderSettings, read_folder
from xrayscan.checks import polarity
from xrayscan.checks.interface import Sample, sample_of
from xrayscan.decode import decode

TIMES = 3
TIMED = 200


def main() -> None:
    """Read, learn, measure, print."""
    parser = folder_parser(__doc__)
    parser.add_argument("others", nargs="*")
    options = parser.parse_args()
    films = read_folder(options.folder, FolderSettings()).films
    patients = np.unique([film.patient for film in films], return_inverse=True)[1]
    rng = np.random.default_rng(0)
    held_out = (rng.permutation(patients.max() + 1) < 0.25 * patients.max())[patients]
    samples = [_read(film.path) for film in films]
    known = [sample for sample, held in zip(samples, held_out, strict=True) if not held]
    weights = _learned([*known, *(_changed(sample, rng) for _ in range(TIMES) for sample in known)])
    print("| films | right as they are | turned when inverted | in doubt | furthest wrong |")
    print("| --- | --- | --- | --- | --- |")
    _row("held-out patients", [sample for sample, held in zip(samples, held_out, strict=True) if held])
    for other in options.others:
        _row(os.path.basename(other), [_read(film.path) for film in read_folder(other, FolderSettings()).films])
    began = time.process_time()
    for sample in samples[:TIMED]:
        polarity.score(sample)
    print(f"\n{1e6 * (time.process_time() - began) / TIMED:.0f} microseconds of CPU time a film\n\nWEIGHTS = (")
    for at in range(0, len(weights), 6):
        print(f"    {', '.join(f'{weight:.3f}' for weight in weights[at : at + 6])},")
    print(")")


def _read(path: str) -> Sample:
    with open(path, "rb") as file:
        return np.ascontiguousarray(sample_of(decode(file.read(), at_least=128).brightness))


def _changed(sample: Sample, rng: np.random.Generator) -> Sample:
    """The film with up to a tenth of each edge cut off, another exposure, and often black edges."""
    rows, columns = sample.shape
    top, bottom = rng.integers(0, rows // 10, 2)
    left, right = rng.integers(0, columns // 10, 2)
    changed = sample[top : rows - bottom, left : columns - right] ** np.float32(np.exp(rng.uniform(-0.7, 0.7)))
    if rng.random() < 0.3:
        for edge in _edges(changed, rng):
            edge[:] = 0
    return changed


def _edges(film: Sample, rng: np.random.Generator) -> Iterator[Sample]:
    width = int(rng.integers(1, len(film) // 6))
    for edge in (film[:width], film[-width:], film[:, :width], film[:, -width:]):
        if rng.random() < 0.5:
            yield edge


def _learned(samples: list[Sample]) -> np.ndarray:
    seen = np.stack([polarity.polarity_features(sample) for sample in samples])
    both, upright = np.concatenate([seen, -seen]), np.repeat([1, 0], len(seen))
    return LogisticRegression(C=10, fit_intercept=False, max_iter=2000).fit(both, upright).coef_[0]


def _row(name: str, samples: list[Sample]) -> None:
    as_is, inverted = (np.array([polarity.score(s) for s in group]) for group in (samples, [1 - s for s in samples]))
    doubt = np.mean(abs(as_is) < polarity.SURE)
    right, turned = np.mean(as_is > -polarity.SURE), np.mean(inverted <= -polarity.SURE)
    print(f"| {name} ({len(samples):,}) | {right:.2%} | {turned:.2%} | {doubt:.2%} | {as_is.min():+.1f} |")


if __name__ == "__main__":
    Image.MAX_IMAGE_PIXELS = None
    main()
