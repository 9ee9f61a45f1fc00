"""How long pneumonia films wait to be read: first come first read, by probability, and with a longest wait.

One reader, films that arrive at random, reading times that vary; the model has the sensitivity and specificity given,
and films that it flags are read first. Source of the question: Baltruschat et al., European Radiology 2021, "Smart
chest X-ray worklist prioritization".

python benchmarks/fair_order.py --load 1.1 --limit 60 --plot docs/fair-order.svg
"""

import argparse
import heapq
from dataclasses import dataclass

import numpy as np

ORDERS = ("first come", "by probability", "with the limit")


@dataclass(frozen=True)
class Clinic:
    """Times in minutes. ``load``: arrivals times mean reading time, the share of the reader's time that is taken."""

    films: int = 200  # of a day
    days: int = 200
    share: float = 0.15  # with pneumonia
    sensitivity: float = 0.9
    specificity: float = 0.9
    reading: float = 2.0  # mean; gamma with shape 2
    load: float = 0.95
    limit: float = 120.0


def day(clinic: Clinic, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Arrivals, reading times, whether ill, whether flagged; each (films,)."""
    arrivals = np.cumsum(rng.exponential(clinic.reading / clinic.load, clinic.films))
    readings = rng.gamma(2, clinic.reading / 2, clinic.films)
    ill = rng.random(clinic.films) < clinic.share
    flagged = rng.random(clinic.films) < np.where(ill, clinic.sensitivity, 1 - clinic.specificity)
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


def simulate(clinic: Clinic, seed: int) -> dict[str, np.ndarray]:
    """Waits of all pneumonia films by order; every order sees the same days."""
    found: dict[str, list[np.ndarray]] = {order: [] for order in ORDERS}
    for number in range(clinic.days):
        arrivals, readings, ill, flagged = day(clinic, np.random.default_rng((seed, number)))
        for order in ORDERS:
            found[order].append(waits(order, clinic.limit, arrivals, readings, flagged)[ill])
    return {order: np.concatenate(parts) for order, parts in found.items()}


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
    waited = simulate(Clinic(load=asked.load, sensitivity=asked.sensitivity, limit=asked.limit), asked.seed)
    print("| order | mean wait, min | 99th percentile | longest |\n| --- | --- | --- | --- |")
    for order, minutes in waited.items():
        print(f"| {order} | {minutes.mean():.1f} | {np.percentile(minutes, 99):.0f} | {minutes.max():.0f} |")
    if asked.plot:
        plot(waited, asked.plot)


if __name__ == "__main__":
    main()
