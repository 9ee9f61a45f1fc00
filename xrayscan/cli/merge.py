"""`xrayscan merge`: the worklists of several scans as one."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import click

from xrayscan.cli import options
from xrayscan.cli.folders import RunFolder, opened
from xrayscan.cli.ranked import Ranked
from xrayscan.cli.report import Look, write_again
from xrayscan.cli.settings import argument, command


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeOptions:
    """Which scans are brought together, where, and how their worklist is written."""

    runs: tuple[str, ...] = argument("RUN_DIR...", RunFolder(), required=True)
    out: str = options.scan_out_option(dataclasses.MISSING)
    fresh: bool = options.fresh_option()
    share: bool = options.share_option()
    look: Look
    as_json: bool = options.json_option()


@command(
    "xrayscan merge triage-shard-* --out triage-all",
    "xrayscan merge ward-3/ ward-4/ --out wards --by study",
)
def merge(wanted: MergeOptions) -> Ranked:
    """Bring the worklists of several scans together, without scanning.

    RUN_DIRs are the --out folders of finished scans by the same models: all shards of one scan (predict --shard), or
    scans of different folders. Each path has one record; one that several scans hold has that of the scan named last.
    Defaults are what the first scan was asked for. After all shards of a scan, the same predict without --shard, into
    the same --out, goes on from there.

    Exit code: that of predict; 2 also where a shard is missing or other models scored.
    """
    from xrayscan.store.merge import merge as merge_stores

    out = opened(wanted.out, share=wanted.share)
    computed = merge_stores(wanted.runs, out, fresh=wanted.fresh, share=wanted.share)
    _write_run(wanted, out)
    answer = write_again(out, wanted.look)
    if len(computed) > 1 and not wanted.look.quiet:
        ways = ", ".join(computed)
        click.echo(f"Computed in several ways ({ways}), which may differ by 0.01: --runtime and --precision", err=True)
    return answer


def _write_run(wanted: MergeOptions, out: str) -> None:
    """Write run.json, as a scan of all these paths would have."""
    from xrayscan.report.reopen import asked, reopen
    from xrayscan.report.run_json import write_run

    look, earlier = wanted.look, [asked(run) for run in wanted.runs]
    settings = {
        "paths": _once([path for each in earlier for path in each.folders]),
        "models": [earlier[0].model],
        "out": wanted.out,
        "formats": look.formats,
        "rank": dataclasses.asdict(look.rank),
        "pictures": dataclasses.asdict(look.pictures),
    }
    with reopen(out, look.rank) as worklist:
        write_run(worklist, out, settings, {"merged": wanted.runs})


def _once(paths: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(paths))
