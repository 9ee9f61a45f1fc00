"""The hooks a plugin may implement, and the markers to declare them with.

Every hook is called in every process that needs plugins, reader processes and ``--help`` included: describe what you
offer and return; import torch and the like inside the functions you hand over, never at the top of the plugin.
"""

from collections.abc import Callable

import pluggy

from xrayscan.checks.interface import Check
from xrayscan.decode.interface import Decoder
from xrayscan.engine.interface import Engine
from xrayscan.model.backend import Backend
from xrayscan.observing.interface import Observer
from xrayscan.plugin.callback import Callback
from xrayscan.plugin.command import Command
from xrayscan.report.interface import Report
from xrayscan.report.sink import Sink
from xrayscan.runtime.interface import Runtime
from xrayscan.sources.interface import Place

GROUP = "xrayscan"  # the entry-point group that announces plugins, and pluggy's project name

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@hookspec
def register_backends(register: Callable[[Backend], None]) -> None:
    """Offer model backends: pass each one to ``register``, which refuses a name already taken.

    A name is what ``xrayscan train`` and model files call it: small letters, digits, ``-``, ``_`` and dots.
    Test it with `xrayscan.testing.BackendContract`.
    """


@hookspec
def register_decoders(register: Callable[[Decoder], None]) -> None:
    """Offer decoders of image formats: pass each `Decoder` to ``register``, which refuses a name already taken.

    Reader processes ask them about files that no built-in decoder recognises: keep no state.
    Test it with `xrayscan.testing.DecoderContract`.
    """


@hookspec
def register_reports(register: Callable[[Report], None]) -> None:
    """Offer ways to write a worklist: pass each `Report` to ``register``, which refuses a name or suffix already taken.

    ``--format`` and `write_reports` know it by its name, and write it after csv, jsonl and html; where no format is
    chosen, it is written too unless it is `OnRequest`. One that is `WhileScanning` hears of records as they come.
    Test it with `xrayscan.testing.ReportContract`.
    """


@hookspec
def register_commands(register: Callable[[Command], None]) -> None:
    """Offer commands: pass each `Command` to ``register``, which refuses a name already taken.

    ``xrayscan --help`` lists it with your plugin's name; its click command is imported when it is run. An
    `XrayscanError` that it raises is told in one line, with that error's exit code.
    Test it with `xrayscan.testing.CommandContract`.
    """


@hookspec
def register_checks(register: Callable[[Check], None]) -> None:
    """Offer checks of what may be ranked: pass each one to ``register``, which refuses a name already taken.

    A check sees every image before any model does, flags it or sets it aside. It runs in reader processes: no torch.
    Test it with `xrayscan.testing.CheckContract`.
    """


@hookspec
def register_runtimes(register: Callable[[Runtime], None]) -> None:
    """Offer runtimes, which compute networks: pass each `Runtime` to ``register``, which refuses a name already taken.

    ``--runtime`` knows it by its name; ``--runtime auto`` takes the fastest that agrees with torch in fp32.
    Test it with `xrayscan.testing.RuntimeContract`.
    """


@hookspec
def register_sources(register: Callable[[Place], None]) -> None:
    """Offer places that hold images: pass each `Place` to ``register``, which refuses a name already taken.

    A name is the scheme of its addresses: ``s3`` has those that begin with ``s3://``. Listing happens in one process,
    reading in any: keep nothing that cannot be made again. One that is `Writable`, too, keeps reports where it is
    named by ``--out``. Test it with `xrayscan.testing.SourceContract`.
    """


@hookspec
def register_engines(register: Callable[[Engine], None]) -> None:
    """Offer engines, which have films read and scored somewhere: pass each `Engine` to ``register``, which refuses a
    name already taken.

    ``--engine`` knows it by its name; its function is imported when it is used, never before.
    Test it with `xrayscan.testing.EngineContract`.
    """


@hookspec
def register_sinks(register: Callable[[Sink], None]) -> None:
    """Offer places that reports are sent to: pass each `Sink` to ``register``, which refuses a name already taken.

    A name is the scheme of its addresses: ``--send dimse://…`` goes to ``dimse``. What was sent is kept in the scan's
    store, so that each file arrives once. Test it with `xrayscan.testing.SinkContract`.
    """


@hookspec
def register_observers(register: Callable[[Observer], None]) -> None:
    """Offer observers, which are told how far a scan is: pass each `Observer` to ``register``, which refuses a name
    already taken.

    ``--observe NAME`` or ``--observe NAME=TARGET`` has it watch a scan. One that fails is left out, the scan goes on.
    Test it with `xrayscan.testing.ObserverContract`.
    """


@hookspec
def register_callbacks(register: Callable[[Callback], None]) -> None:
    """Offer what hears of every epoch of a training: pass each `Callback` to ``register``, which refuses a name
    already taken.

    ``train --callback`` knows it by its name; its function is imported when it is used, never before.
    Test it with `xrayscan.testing.CallbackContract`.
    """
