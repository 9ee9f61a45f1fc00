"""What a user chooses about the reading order."""

from dataclasses import dataclass
from typing import Literal

from xrayscan.files.option import option


@dataclass(frozen=True, slots=True)
class RankSettings:
    """What a user chooses about the worklist.

    ``prevalence`` of the clinic and ``threshold``, compared with the first model's probability as shown, both in
    [0, 1]. Several models rank by the ``first`` or by the ``mean`` of their probabilities as shown. Films that are
    unlike training stand ``apart``, after those of tier high and before the rest, or ``rank`` among the others.
    ``max_wait``: seconds after which a film comes first, counted from when it was taken, or else from its file's time,
    the longest wait in front.
    Raises: ValueError out of range.
    """

    prevalence: float | None = option(
        None,
        "Share of films with pneumonia where you work; shifts the probabilities by Bayes' rule.",
        range=(0, 1),
        open=True,
        metavar="P",
    )
    threshold: float | None = option(
        None,
        "Custom threshold: flag films at this probability or higher; default: the model's balanced one.",
        range=(0, 1),
        metavar="P",
    )
    by: Literal["image", "study"] = option("image", "Rank single images or whole studies.")
    rank_by: Literal["first", "mean"] = option(
        "first", "With several models: rank by the first one or by the mean of their probabilities."
    )
    unlike: Literal["apart", "rank"] = option(
        "apart",
        "Films unlike the training films: apart, to be read after tier high without the model's help, or ranked.",
    )
    max_wait: float | None = option(
        None,
        "Put films first that were taken longer ago than this, such as 2h or 90m, the oldest in front.",
        duration=True,
    )

    def __post_init__(self) -> None:
        check_shares(self.prevalence, self.threshold)


def check_shares(prevalence: float | None, threshold: float | None) -> None:
    """Raises: ValueError for a share or a probability that is none, where one is given."""
    if prevalence is not None and not 0 < prevalence < 1:
        raise ValueError(f"a prevalence of {prevalence} does not lie between 0 and 1")
    if threshold is not None and not 0 <= threshold <= 1:
        raise ValueError(f"a threshold of {threshold} is no probability")
