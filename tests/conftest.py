"""What the tests of a whole scan share."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import xrayscan
from small import REAL_FILMS, ROOT, make_model, write_film

from xrayscan import load_model


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Networks of a few thousand weights are slower on several threads, and far slower on busy cores."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory):
    """Commands under test keep decoded films here, not in the user's cache, and read nobody's settings."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_CACHE_HOME", os.fspath(tmp_path_factory.mktemp("user-cache")))
        patched.setenv("XDG_CONFIG_HOME", os.fspath(tmp_path_factory.mktemp("user-config")))
        yield


@pytest.fixture(scope="session")
def mypy_strict(tmp_path_factory: pytest.TempPathFactory):
    """Hold files that use xrayscan to ``mypy --strict``."""
    folder = tmp_path_factory.mktemp("mypy")

    def check(*paths: Path) -> None:
        command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", *map(os.fspath, paths)]
        environment = {**os.environ, "MYPYPATH": os.fspath(ROOT)}
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment)
        assert done.returncode == 0, done.stdout

    return check


@pytest.fixture(scope="session")
def real_films() -> Path:
    """The folder of real radiographs, which is not part of the repository."""
    if not REAL_FILMS.is_dir():
        pytest.skip(f"real radiographs are not at {REAL_FILMS}")
    return REAL_FILMS


@pytest.fixture(scope="session")
def sample_images() -> Path:
    return ROOT / "sample_images"


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """A folder of 7 films in three formats, one of them in a sub-folder."""
    names = ("a.jpeg", "b.png", "c.bmp", "d.jpeg", "e.png", "ward/f.jpeg", "ward/g.png")
    for seed, name in enumerate(names):
        write_film(tmp_path / "films" / name, seed)
    return tmp_path / "films"


@pytest.fixture(scope="session")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    return os.fspath(make_model(tmp_path_factory.mktemp("model") / "small.safetensors"))


@pytest.fixture(scope="session")
def model(model_file: str):
    return load_model(model_file)


@pytest.fixture
def scanned(tmp_path):
    """A run over four films and a file that is none, by a small model."""
    for n in range(4):
        write_film(tmp_path / "films" / f"{n}.png", n)
    (tmp_path / "films" / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    model = make_model(tmp_path / "small.safetensors")
    done = xrayscan("predict", tmp_path / "films", "--model", model, "--out", tmp_path / "run", "--workers", "0")
    assert done.exit_code == 6, done.output
    return tmp_path / "run"
