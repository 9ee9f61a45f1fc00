"""What a whole `xrayscan predict` costs by what it is asked for: the CSV alone, pages, pictures, heatmaps.

    python benchmarks/reports.py FOLDER [--films 150] [--rounds 3]

FOLDER's images are hard-linked (or copied) over and over into a temporary folder beside them. Each command is run in
turns, start-up included; what counts is the least CPU time of all its processes, as a ratio to the CSV alone.
"""

import os
import sys
import tempfile

from arguments import folder_parser
from growth import measured
from throughput import fill

COMMANDS = {
    "csv, torch fp32": ("--format", "csv", "--runtime", "torch"),
    "csv": ("--format", "csv"),
    "csv, page without pictures": ("--format", "csv", "--format", "html", "--no-images", "--heatmaps", "none"),
    "csv, page with 500 pictures": ("--format", "csv", "--format", "html", "--heatmaps", "none"),
    "the same with 50 heatmaps": ("--format", "csv", "--format", "html"),
}


def main() -> None:
    """Measure and print."""
    parser = folder_parser(__doc__)
    parser.add_argument("--films", type=int, default=150)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    found = sorted(os.path.join(at, name) for at, _, names in os.walk(asked.folder) for name in names)
    paths = [path for path in found if path.lower().endswith((".jpg", ".jpeg"))]
    best = dict.fromkeys(COMMANDS, (float("inf"), float("inf"), float("inf")))
    with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(asked.folder))) as folder:
        for at in range(0, asked.films, len(paths)):
            os.mkdir(part := os.path.join(folder, str(at)))
            fill(part, paths[: asked.films - at], 1)
        scan = [sys.executable, "-m", "xrayscan", "predict", folder, "--quiet", "--out"]
        for _ in range(asked.rounds + 1):  # the first one fills caches, and is beaten by the others
            for name, options in COMMANDS.items():
                with tempfile.TemporaryDirectory() as out:
                    best[name] = min(best[name], measured([*scan, os.path.join(out, "scan"), *options]))
    print(f"{asked.films} films, {os.cpu_count()} cores, start-up included")
    print(f"{'':<30}{'CPU ms/film':>12}{'wall s':>8}{'peak MB':>9}{'ratio':>7}")
    for name, (cpu, wall, memory) in best.items():
        print(f"{name:<30}{1000 * cpu / asked.films:12.1f}{wall:8.1f}{memory:9.0f}{cpu / best['csv'][0]:7.2f}")


if __name__ == "__main__":
    main()
