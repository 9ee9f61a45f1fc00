"""Strangers' code, run so that what it prints is held back and what it changes is put back."""

import contextlib
import importlib.abc
import importlib.machinery
import io
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any, BinaryIO

from xrayscan.files.unnamed import unnamed_file
from xrayscan.plugin.process_settings import SETTINGS, Setting

HEAVY = ("torch", "torchvision", "sklearn", "timm", "tensorflow", "jax", "dask", "distributed", "ray")  # slow to import


@contextlib.contextmanager
def isolated(notes: list[str], *, first: bool) -> Iterator[None]:
    """Run a block of strangers' code; ``notes`` says afterwards what it did that is of no use to anyone.

    ``first``: it imports something, so that it may also print past ``sys.stdout``, as C code and processes do.
    What a library changes while it is imported is the library's affair; what is changed afterwards counts.
    """
    before = {setting.what: setting.read() for setting in SETTINGS if setting.readable}
    heavy = {name for name in HEAVY if name in sys.modules}
    finder = _AfterImport(before)
    sys.meta_path.insert(0, finder)
    try:
        with warnings.catch_warnings(), _held_back(notes, first):
            yield
    finally:
        with contextlib.suppress(ValueError):
            sys.meta_path.remove(finder)
        notes += [f"imports {name}: import it inside functions" for name in HEAVY if name in sys.modules.keys() - heavy]
        notes += [f"changes {setting.what}; put back" for setting in SETTINGS if _put_back(setting, before)]


def _put_back(setting: Setting, before: dict[str, Any]) -> bool:
    """Restore a setting. Return whether it had been changed."""
    if setting.what not in before or setting.read() == before[setting.what]:
        return False
    setting.restore(before[setting.what])
    return True


@contextlib.contextmanager
def _held_back(notes: list[str], first: bool) -> Iterator[None]:
    """Keep what is printed to stdout and stderr, and make a note of it."""
    printed = io.StringIO()
    filters = list(warnings.filters)
    with contextlib.ExitStack() as stack:
        below = stack.enter_context(stdout_held_back()) if first else None
        stack.enter_context(contextlib.redirect_stdout(printed))
        stack.enter_context(contextlib.redirect_stderr(printed))
        try:
            yield
        finally:
            if below:
                below.seek(0)
                printed.write(below.read().decode(errors="replace"))
            lines = printed.getvalue().strip().splitlines()
            notes += [f"prints {lines[0][:60]!r}"] if lines else []
            notes += ["changes the warning filters; put back"] if list(warnings.filters) != filters else []


@contextlib.contextmanager
def stdout_held_back() -> Iterator[BinaryIO | None]:
    """Point the process's standard output at a file for a while."""
    try:
        saved = os.dup(1)
    except OSError:  # it has none
        yield None
        return
    with unnamed_file() as file:
        _flush_stdout()
        os.dup2(file.fileno(), 1)
        try:
            yield file
        finally:
            _flush_stdout()
            os.dup2(saved, 1)
            os.close(saved)


def _flush_stdout() -> None:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.__stdout__.flush()  # type: ignore[union-attr]


class _AfterImport(importlib.abc.MetaPathFinder):
    """Reads a library's settings once its import is done, before whoever imported it goes on."""

    def __init__(self, before: dict[str, Any]) -> None:
        self._before = before

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Find the library as the other finders do, and see its import through."""
        settings = [setting for setting in SETTINGS if setting.library == name]
        others = (finder for finder in sys.meta_path if finder is not self) if settings else ()
        spec = next(filter(None, (finder.find_spec(name, path, target) for finder in others)), None)
        if spec and spec.loader:
            self._see_through(spec.loader, settings)
        return spec

    def _see_through(self, loader: Any, settings: Sequence[Setting]) -> None:
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            self._before.update((setting.what, setting.read()) for setting in settings)

        loader.exec_module = exec_module
