"""How long pneumonia films wait to be read: first come first read, by probability, and with a longest wait.

One reader, day and night; films arrive at random, most of them around noon, so that they pile up each day and are read
by night; reading times vary. The model has the sensitivity and specificity given, and films that it flags are read
first. Source of the question: Baltruschat et al., European Radiology 2021, "Smart
chest X-ray worklist prioritization".

python benchmarks/fair_order.py --plot docs/fair-order.svg
"""

import argparse
import heapq
from dataclasses import dataclass

import numpy as np

ORDERS = ("first come", "by probability", "with the limit")
MINUTES = 1440  # of a day


@dataclass(frozen=True)
class Clinic:
    """Times in minutes. ``load``: arrivals times mean reading time, the share of the reader's time that is taken."""

    films: int = 40_000  # some 60 days without a break: a day that ends would hide how long the last ones wait
    swing: float = 0.8  # arrivals at noon, above the mean as midnight's lie below it
    share: float = 0.15  # with pneumonia
    sensitivity: float = 0.9
    specificity: float = 0.9
    reading: float = 2.0  # mean; gamma with shape 2
    load: float = 0.9
    limit: float = 300.0


def weeks(clinic: Clinic, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Arrivals, reading times, whether ill, whether flagged; each (films,)."""
    most = (1 + clinic.swing) * clinic.load / clinic.reading  # arrivals a minute, at noon
    times = np.cumsum(rng.exponential(1 / most, int(2.2 * clinic.films)))
    share = (1 - clinic.swing * np.cos(2 * np.pi * times / MINUTES)) / (1 + clinic.swing)
    arrivals = times[rng.random(len(times)) < share][: clinic.films]
    readings = rng.gamma(2, clinic.reading / 2, len(arrivals))
    ill = rng.random(len(arrivals)) < clinic.share
    flagged = rng.random(len(arrivals)) < np.where(ill, clinic.sensitivity, 1 - clinic.specificity)
    return arrivals, readings, ill, flagged


def waits(order: str, limit: float, arrivals: np.ndarray, readings: np.ndarray, flagged: np.ndarray) -> np.ndarray:
    """Minutes from the arrival of each film until its reading begins."""
    now, following, waited = 0.0, 0, np.zeros(len(arrivals))
    queues: dict[bool, list[int]] = {True: [], False: []}  # flagged or not, each in the order of arrival
    for _ in arrivals:
        if not queues[True] and not queues[False]:
            now = max(now, arrivals[following])
        while following < len(arrivals) and arrivals[following] <= now:
            heapq.heappush(queues[bool(flagged[following])], following)
            following += 1
        chosen = _next(order, limit, now, arrivals, queues)
        waited[chosen] = now - arrivals[chosen]
        now += readings[chosen]
    return waited


def _next(order: str, limit: float, now: float, arrivals: np.ndarray, queues: dict[bool, list[int]]) -> int:
    oldest = min((queue for queue in queues.values() if queue), key=lambda queue: queue[0])
    late = order == "with the limit" and now - arrivals[oldest[0]] >= limit
    return heapq.heappop(oldest if order == "first come" or late or not queues[True] else queues[True])


def simulate(clinic: Clinic, seed: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Waits of all pneumonia films by order, and which of them the model missed; every order sees the same films."""
    arrivals, readings, ill, flagged = weeks(clinic, np.random.default_rng(seed))
    found = {order: waits(order, clinic.limit, arrivals, readings, flagged)[ill] for order in ORDERS}
    return found, ~flagged[ill]


def plot(waited: dict[str, np.ndarray], path: str) -> None:
    """Share of pneumonia films that wait longer than so many minutes."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "xrayscan"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    for order, minutes in waited.items():
        grid = np.linspace(0, max(map(np.max, waited.values())), 200)
        axes.plot(grid, [100 * np.mean(minutes > one) for one in grid], label=order)
    axes.set(xlabel="minutes", ylabel="pneumonia films that wait longer, %", yscale="symlog")
    axes.legend()
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Print mean and longest wait of each order as a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--load", type=float, default=Clinic.load)
    parser.add_argument("--sensitivity", type=float, default=Clinic.sensitivity)
    parser.add_argument("--limit", type=float, default=Clinic.limit, help="minutes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plot", metavar="FILE.svg")
    asked = parser.parse_args()
    waited, missed = simulate(Clinic(load=asked.load, sensitivity=asked.sensitivity, limit=asked.limit), asked.seed)
    print("| order | mean wait, min | longest | of missed films: mean | longest |\n| --- | --- | --- | --- | --- |")
    for order, every in waited.items():
        late = every[missed]
        print(f"| {order} | {every.mean():.0f} | {every.max():.0f} | {late.mean():.0f} | {late.max():.0f} |")
    if asked.plot:
        plot(waited, asked.plot)


if __name__ == "__main__":
    main()
