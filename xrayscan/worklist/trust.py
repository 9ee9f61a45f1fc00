"""Whether the order of a whole scan is to be trusted: what its shares say against the model's card."""

import math

from xrayscan.model.card import OperatingPoint

MOST_UNLIKE = 0.05  # of the films scored
CHANCE = 0.001  # how rarely a share of high this far out may come about where the card holds


def doubts(
    *, scored: int, unlike: int, ranked: int, high: int, point: OperatingPoint, prevalence: float | None
) -> tuple[str, ...]:
    """Say in sentences why this scan's order is not to be trusted; none where nothing speaks against it.

    ``unlike`` of the ``scored`` films are unlike training, and ``high`` of the ``ranked`` ones are of tier high, which
    begins at the operating ``point``. ``prevalence``: of the clinic; None where nobody gave one, and any is possible.
    """
    found = []
    if unlike > MOST_UNLIKE * scored:
        found.append(
            f"{unlike:,} of {scored:,} films ({unlike / scored:.0%}) are unlike those that the model was trained on: "
            "its order is not to be trusted here."
        )
    low, up = expected_shares(point, prevalence)
    if ranked and not low <= high / ranked <= up and chance_of(high, ranked, low, up) < CHANCE:
        given = "at any prevalence" if prevalence is None else f"at a prevalence of {prevalence:.1%}"
        found.append(
            f"{high:,} of {ranked:,} films ({high / ranked:.0%}) are of tier high, where the model's card allows "
            f"{low:.1%} to {up:.1%} {given}: its order is not to be trusted here."
        )
    return tuple(found)


def expected_shares(point: OperatingPoint, prevalence: float | None) -> tuple[float, float]:
    """Return the least and the greatest share of films at or above a point's threshold that its intervals allow."""
    (missing, finding), (noisy, clearing) = point.sensitivity_ci95, point.specificity_ci95
    shares = (prevalence,) if prevalence is not None else (0.0, 1.0)
    return (
        min(share * missing + (1 - share) * (1 - clearing) for share in shares),
        max(share * finding + (1 - share) * (1 - noisy) for share in shares),
    )


def chance_of(hits: int, trials: int, low: float, up: float) -> float:
    """Return a bound on the chance of so many hits, or of more extreme ones, where their share lies in [low, up].

    Source: Chernoff, "A measure of asymptotic efficiency for tests of a hypothesis based on the sum of observations",
    Ann. Math. Statist. 23 (1952): a binomial tail beyond a share q is at most exp(-n KL(q, p)).
    """
    share = hits / trials
    nearest = min(max(share, low), up)
    return math.exp(-trials * _divergence(share, nearest))


def _divergence(share: float, of: float) -> float:
    """Kullback-Leibler divergence of a Bernoulli distribution from another, in nats."""
    parts = ((share, of), (1 - share, 1 - of))
    return sum(a * (math.log(a / b) if b else math.inf) for a, b in parts if a)
