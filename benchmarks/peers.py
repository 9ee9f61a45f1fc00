"""What others need to score a folder of films: whole commands on the same files, in turns, start-up included.

    python benchmarks/peers.py FOLDER [--films 1500] [--rounds 3] [--environments DIR] [--only hand,ultralytics]
        [--model default --model small.safetensors]

FOLDER holds JPEGs, which are hard-linked until there are enough. Every peer gets an environment of its own below DIR
(made and filled with pip where it is not there yet), and runs as its documentation shows for a folder, with random
weights:

- `xrayscan`: ``xrayscan predict --format csv``, once to warm its cache and then timed; of the environment this runs
  in, once for each ``--model``; ratios are to the first; then with it as typed: CSV, page, pictures and heatmaps
- `hand`: what many write by hand: Pillow with draft mode, a DataLoader, torchvision's ResNet-18 in bf16
- `timm`: the loop of timm's inference script: its own loader and transforms, ResNet-18
- `ultralytics`: ``yolo classify predict`` with its smallest network
- `torchxrayvision`: the loop of its process_batch script: scikit-image, one film at a time, DenseNet-121

Printed are CPU seconds of all processes and wall time per film, the fastest round of each, and the ratio to xrayscan.
"""

import json
import os
import subprocess
import sys
import tempfile
import time

from arguments import folder_parser
from throughput import fill

FOLDER_OF_FILMS = "import glob, sys; paths = sorted(glob.glob(sys.argv[1] + '/*'))\n"
HAND = (
    FOLDER_OF_FILMS
    + """
import os, torch, torchvision
from PIL import Image
from torchvision.transforms.functional import pil_to_tensor
class Films(torch.utils.data.Dataset):
    def __len__(self): return len(paths)
    def __getitem__(self, at):
        with Image.open(paths[at]) as film:
            film.draft("L", (224, 224))
            return pil_to_tensor(film.convert("L").resize((224, 224))).float().expand(3, -1, -1) / 255
network = torchvision.models.resnet18(num_classes=1).eval().to(memory_format=torch.channels_last)
loader = torch.utils.data.DataLoader(Films(), 32, num_workers=os.cpu_count())
with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
    print(sum(len(network(batch).sigmoid()) for batch in loader))
"""
)
TIMM = (
    FOLDER_OF_FILMS
    + """
import os, timm, torch
from timm.data import ImageDataset, create_loader
network = timm.create_model("resnet18", num_classes=1).eval()
films = ImageDataset(os.path.dirname(sys.argv[1]), input_img_mode="RGB")
loader = create_loader(
    films, (3, 224, 224), 32, use_prefetcher=False, num_workers=os.cpu_count(), device=torch.device("cpu")
)
with torch.inference_mode():
    print(sum(len(network(batch).sigmoid()) for batch, _ in loader))
"""
)
ULTRALYTICS = """
import sys
from ultralytics import YOLO
print(sum(1 for _ in YOLO("yolov8n-cls.yaml").predict(sys.argv[1], stream=True, verbose=False)))
"""
TORCHXRAYVISION = (
    FOLDER_OF_FILMS
    + """
import skimage.io, torch, torchvision, torchxrayvision as xrv
network = xrv.models.DenseNet(weights=None).eval()
transform = torchvision.transforms.Compose([xrv.datasets.XRayCenterCrop(), xrv.datasets.XRayResizer(224)])
done = 0
for path in paths:
    film = xrv.datasets.normalize(skimage.io.imread(path), 255)
    film = film.mean(2) if film.ndim == 3 else film
    with torch.inference_mode():
        done += len(network(torch.from_numpy(transform(film[None])).float()[None]))
print(done)
"""
)
PEERS = {  # name → packages, script
    "hand": (("torch", "torchvision", "pillow"), HAND),
    "timm": (("timm",), TIMM),
    "ultralytics": (("ultralytics",), ULTRALYTICS),
    "torchxrayvision": (("torchxrayvision",), TORCHXRAYVISION),
}
TIMED = """
import contextlib, ctypes, json, os, resource, subprocess, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: who outlives its parent counts too
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
with contextlib.suppress(ChildProcessError):
    while True:
        os.wait()
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([used.ru_utime + used.ru_stime, done.returncode, done.stdout[-200:], done.stderr[-800:]]))
"""


def environment(folder: str, name: str) -> str:
    """The Python of a peer's environment, made and filled where it is not there yet."""
    python = os.path.join(folder, name, "bin", "python")
    if not os.path.exists(python):
        subprocess.run([sys.executable, "-m", "venv", os.path.join(folder, name)], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS[name][0]], check=True)
    return python


def timed(command: list[str], films: int) -> tuple[float, float]:
    """CPU and wall milliseconds per film of a whole command. A peer that scored another number of films is told of."""
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", TIMED, *command], capture_output=True, text=True, check=True)
    wall = time.perf_counter() - started
    cpu, status, printed, complaint = json.loads(done.stdout)
    if status:
        sys.exit(f"{command[0]} failed: {complaint}")
    if printed.strip() and printed.split()[-1] != str(films):
        sys.exit(f"{command[0]} scored {printed.split()[-1]} of {films} films")
    return 1000 * cpu / films, 1000 * wall / films


def main() -> None:
    """Measure in turns and print."""
    parser = folder_parser(__doc__)
    parser.add_argument("--films", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--environments", default="peers")
    parser.add_argument("--only", default=",".join(PEERS))
    parser.add_argument("--model", action="append", help="of xrayscan; may be repeated")
    asked = parser.parse_args()
    found = sorted(os.path.join(at, name) for at, _, names in os.walk(asked.folder) for name in names)
    paths = [path for path in found if path.lower().endswith((".jpg", ".jpeg"))]
    pythons = {name: environment(asked.environments, name) for name in asked.only.split(",")}
    best: dict[str, tuple[float, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        films, out = os.path.join(folder, "all", "films"), os.path.join(folder, "out")
        os.makedirs(films)
        for at in range(0, asked.films, len(paths)):
            fill_part(films, paths[: asked.films - at], at)
        predict = [sys.executable, "-m", "xrayscan", "predict", films, "--out", out, "--fresh"]
        models = asked.model or ["default"]
        commands = {ours_by(model): [*predict, "--format", "csv", "--quiet", "--model", model] for model in models}
        commands["xrayscan, with its page"] = [*predict, "--quiet", "--model", models[0]]
        for command in list(commands.values()):
            timed(command, asked.films)
        commands |= {name: [python, "-c", PEERS[name][1], films] for name, python in pythons.items()}
        for _ in range(asked.rounds):
            for name, command in commands.items():
                best[name] = min(best.get(name, (float("inf"), 0.0)), timed(command, asked.films))
    print(f"{asked.films} films, {os.cpu_count()} cores, start-up included")
    print(f"{'':<30}{'CPU ms/film':>12}{'wall ms/film':>14}{'CPU ratio':>11}")
    for name, (cpu, wall) in best.items():
        print(f"{name:<30}{cpu:12.1f}{wall:14.1f}{cpu / best[ours_by(models[0])][0]:11.1f}")


def ours_by(model: str) -> str:
    """What the row of a model is called."""
    return f"xrayscan {os.path.basename(model)}"


def fill_part(folder: str, paths: list[str], at: int) -> None:
    """Link some films into a folder under names of their own."""
    with tempfile.TemporaryDirectory(dir=os.path.dirname(folder)) as part:
        fill(part, paths, 1)
        for name in os.listdir(part):
            os.rename(os.path.join(part, name), os.path.join(folder, f"{at}-{name}"))


if __name__ == "__main__":
    main()
