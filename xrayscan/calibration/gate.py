"""A site's gate: where a model's own judgement of unlikeness begins to flag, set by films of the site."""

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from xrayscan.model.backend import Pixels, Predictor, Tensors
from xrayscan.model.batches import Batches
from xrayscan.model.capabilities import KnowsUnlike
from xrayscan.model.gate import split_gate
from xrayscan.statistics.metrics import Floats

FLAGGED = 0.02  # of a site's films, at most, that the gate is set to flag
HIGHEST = 1 - 1e-6  # what is as unlike as can be is flagged at every site


@dataclass(frozen=True, slots=True)
class SiteGate:
    """How many of a site's films the gate flags, before and after it was set, and from which unlikeness on."""

    flagged: tuple[int, int]
    unlike_from: tuple[float, float]


def unlikeness_of(predictor: Predictor, pixels: Pixels) -> Floats | None:
    """Return how unlike training each film (N, S, S) is, in [0, 1]: (N,); None from a model that does not know."""
    if not isinstance(predictor, KnowsUnlike):
        return None
    return Batches().over(lambda part: predictor.predict_with_unlikeness(part)[1], pixels)


def with_site_gate(tensors: Tensors, unlikeness: Floats, *, may_rise: bool) -> tuple[Tensors, SiteGate | None]:
    """Return a model's tensors with its gate set to pass the site's films (N), and what that changes.

    It rises to where a further film of the site is flagged with a chance of 2 % (with fewer than 50 films: to the
    strangest of them), and never falls. ``may_rise``: False leaves it, for a site where the model is of no use.
    Source: Vovk, Gammerman, Shafer, "Algorithmic Learning in a Random World" (2005): the rank of a new film among N.
    """
    network, gate = split_gate(tensors)
    if gate is None:  # a network that judges in a way of its own keeps it
        return tensors, None
    before = gate.unlike_from
    place = min(len(unlikeness), math.ceil((1 - FLAGGED) * (len(unlikeness) + 1)))
    strangest = float(np.sort(unlikeness)[place - 1])
    after = min(HIGHEST, max(before, float(np.nextafter(np.float32(strangest), np.float32(2))))) if may_rise else before
    counts = tuple(int(np.count_nonzero(unlikeness >= limit)) for limit in (before, after))
    told = SiteGate((counts[0], counts[1]), (before, after))
    return {**network, **dataclasses.replace(gate, unlike_from=after).tensors()}, told
