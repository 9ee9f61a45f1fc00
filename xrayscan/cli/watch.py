"""`xrayscan watch`: films that arrive in a folder are scored within seconds."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import click

from xrayscan.cli import options
from xrayscan.cli.predict import OUT
from xrayscan.cli.settings import argument, command, option
from xrayscan.cli.signals import Signals
from xrayscan.files.text import escaped
from xrayscan.worklist.order import RankSettings

if TYPE_CHECKING:
    from xrayscan.scanning.scan import ScanSettings
    from xrayscan.watching.watch import WatchSettings

BATCH = 16  # films scored at once: few arrive together


@dataclass(frozen=True, slots=True)
class Watched:
    """A folder was watched until a signal came. The worklist's rows are in its files, such as triage.jsonl."""

    folder: str  # of the worklist
    scored: int  # films scored meanwhile
    exit_code: int  # 128 and the signal's number


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOptions:
    """How films that arrive are scored and told of."""

    models: tuple[str, ...] = options.models_option(
        "Model that scores; repeat to compare several. The first one counts."
    )
    out: str | None = options.out_option("Output folder, outside the one watched.", "FOLDER/", "triage, or triage-2 …")
    settle: float = option(2, "Read a file once it has not changed for this long.", range=(0, None), metavar="SECONDS")
    give_up: float = option(
        60, "Name a file that cannot be read as failed after this long.", range=(0, None), metavar="SECONDS"
    )
    poll: float = option(5, "Look at the folder at least this often, for shares.", range=(0.2, None), metavar="SECONDS")
    on_high: str = option(
        "",
        "Command to run for each new film of tier high, without a shell; {path}, {probability}, {study_uid}, "
        "{series_uid} and {sop_uid} are filled in, and JSON goes to its standard input.",
        metavar="CMD",
    )
    webhook: str = option("", "Address to which the same JSON is sent by POST.", metavar="URL")
    reload: int = option(
        10, "The open page looks for a newer one this often; 0: never.", range=(0, None), metavar="SECONDS"
    )
    top: int = option(50, "How many top films get a picture in the page.", "--html-top", range=(0, None))
    heatmaps: int = option(0, "How many top films get a heatmap, made anew after each batch.", range=(0, None))
    share: bool = options.share_option()
    hardware: options.Hardware
    runtime: str = options.runtime_option()
    reading: options.Reading
    rank: RankSettings
    formats: tuple[str, ...] = options.formats_option()
    send: tuple[str, ...] = options.send_option()
    quiet: bool = options.quiet_option()

    def __post_init__(self) -> None:
        options.check_send(self.send, self.formats)

    def scan(self) -> "ScanSettings":
        """How each batch is scanned."""
        return options.scan_settings(
            self.hardware, self.reading, runtime=self.runtime, share=self.share, rank=self.rank, batch_size=BATCH
        )

    def watching(self) -> "WatchSettings":
        """How the folder is watched."""
        from xrayscan.report.interface import PictureSettings
        from xrayscan.watching.arrivals import Patience
        from xrayscan.watching.calls import Calls
        from xrayscan.watching.watch import WatchSettings

        return WatchSettings(
            patience=Patience(self.settle, self.give_up),
            poll=self.poll,
            reload=self.reload,
            formats=self.formats,
            pictures=PictureSettings(top=self.top, images=self.top > 0, heatmaps=self.heatmaps),
            calls=Calls(self.on_high, self.webhook),
            send=self.send,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedFolder:
    """A folder and how it is watched."""

    folder: str = argument("FOLDER", click.Path(exists=True, file_okay=False))
    how: WatchOptions
    as_json: bool = options.json_option()


@command(
    "xrayscan watch incoming/ --out triage",
    "xrayscan watch /mnt/share/films --poll 10 --webhook https://ris.example/films",
    "xrayscan watch incoming/ --on-high 'notify-send {path} {probability}'",
    env="XRAYSCAN",
)
def watch(asked: WatchedFolder) -> Watched:
    """Score films as they arrive in a folder, until it is stopped.

    A film is read once it is at rest. One that cannot be read waits for the rest of it, and is named as failed after
    --give-up seconds. The worklist holds what is in the folder, and its page renews itself. Stopped and started again
    it goes on where it was; a folder that is gone for a while is waited for.

    Exit code: 128 and the signal's number when stopped; 4 unusable model, 5 output cannot be written.
    """
    return run(asked.folder, asked.how)


def teller(quiet: bool) -> Callable[[str], None]:
    """What prints a line with the time on stderr, or nothing."""

    def tell(line: str) -> None:
        if not quiet:
            click.echo(f"{datetime.now():%Y-%m-%d %H:%M:%S} {line}", err=True)

    return tell


def run(folder: str, how: WatchOptions) -> Watched:
    """Watch a folder until a signal comes."""
    from xrayscan.plugin.loading import load_models
    from xrayscan.scanning.scan import run_folder
    from xrayscan.watching.watch import watch as watch_folder

    settings, loaded = how.watching(), load_models(how.models)
    out = run_folder(OUT, [folder], loaded, share=how.share) if how.out is None else how.out
    signals = click.get_current_context().find_object(Signals)
    assert signals
    tell = teller(how.quiet)
    tell(f"watching {escaped(folder)}; the worklist is in {escaped(out)}")
    with signals.noted() as stopping:
        scored = watch_folder(
            folder, models=loaded, out=out, scan_settings=how.scan(), settings=settings, stopping=stopping, tell=tell
        )
    return Watched(out, scored, signals.exit_code)
