"""How a scan grows: time, memory, store and report per film, from a thousand films to a million.

    python benchmarks/growth.py FOLDER [--sizes 1000,10000,100000] [--picture growth.svg] [-- --runtime onnxruntime]

FOLDER's images are hard-linked (or copied) over and over into a temporary folder beside them. Each size is one
`xrayscan predict --format csv` of its own; what follows `--` is passed on. CPU time is of all its processes, memory of
the largest of them.
"""

import json
import os
import subprocess
import sys
import tempfile
import time

from arguments import folder_parser
from throughput import fill

HEAD = ("films", "CPU ms/film", "wall s", "peak MB", "store B/film", "csv B/film", "dry run s")


def measured(command: list[str]) -> tuple[float, float, float]:
    """Run a command. CPU seconds with all its children, wall seconds, peak memory in MB of its largest process."""
    code = "import resource, subprocess, sys, json; done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)\n"
    code += "u = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
    code += "print(json.dumps([u.ru_utime + u.ru_stime, u.ru_maxrss / 1024, done.returncode]))"
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, check=True)
    cpu, memory, status = json.loads(done.stdout)
    assert status in (0, 6), done.stderr
    return cpu, time.perf_counter() - started, memory


def row(folder: str, count: int, more: list[str]) -> dict[str, float]:
    """Scan a folder of so many films, and list it."""
    with tempfile.TemporaryDirectory() as out:
        scan = [sys.executable, "-m", "xrayscan", "predict", folder]
        cpu, wall, memory = measured([*scan, "--out", os.path.join(out, "scan"), "--format", "csv", "--quiet", *more])
        sizes = [os.path.getsize(os.path.join(out, "scan", name)) for name in ("scan.sqlite", "triage.csv")]
    listing = measured([*scan, "--dry-run"])[0]
    values = (count, 1000 * cpu / count, wall, memory, sizes[0] / count, sizes[1] / count, listing)
    return dict(zip(HEAD, values, strict=True))


def draw(rows: list[dict[str, float]], path: str) -> None:
    """CPU time per film and peak memory over the number of films, as SVG."""
    from xrayscan.report.plots import new, svg

    figure, axes = new(8, 3, columns=2)
    for axis, name in zip(axes, ("CPU ms/film", "peak MB"), strict=True):
        axis.plot([one["films"] for one in rows], [one[name] for one in rows], marker="o")
        axis.set(xscale="log", xlabel="films", title=name)
        axis.set_ylim(0)
    with open(path, "w", encoding="utf-8") as file:
        file.write(svg(figure))


def main() -> None:
    """Measure, print, and draw if asked to."""
    parser = folder_parser(__doc__)
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--picture", metavar="FILE.svg")
    asked, more = parser.parse_known_args()
    found = sorted(os.path.join(at, name) for at, _, names in os.walk(asked.folder) for name in names)
    paths = [path for path in found if path.lower().endswith((".jpg", ".jpeg"))]
    if not paths:
        sys.exit(f"{asked.folder}: no JPEG in it")
    rows = []
    print("".join(f"{name:>14}" for name in HEAD))
    for count in map(int, asked.sizes.split(",")):
        with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(asked.folder))) as folder:
            for at in range(0, count, len(paths)):
                part = os.path.join(folder, str(at))
                os.mkdir(part)
                fill(part, paths[: count - at], 1)
            rows.append(row(folder, count, [option for option in more if option != "--"]))
        print("".join(f"{value:14,.2f}" for value in rows[-1].values()), flush=True)
    if asked.picture:
        draw(rows, asked.picture)


if __name__ == "__main__":
    main()
