"""`xrayscan listen`: films that arrive over DICOM are scored within seconds."""

import os
from dataclasses import dataclass

import click

from xrayscan.cli import options
from xrayscan.cli.settings import command, option
from xrayscan.cli.types import EXISTING_FILE
from xrayscan.cli.watch import Watched, WatchOptions, run, teller

SPOOL = "spool"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenOptions:
    """Where films are taken, and how they are scored."""

    port: int = option(11112, "Port to listen on.", range=(0, 65535), metavar="N")
    aet: str = option("XRAYSCAN", "AE title by which peers must call it.", metavar="TITLE")
    host: str = option(
        "127.0.0.1", "Address to listen on; the default takes nothing from other machines.", metavar="ADDRESS"
    )
    peers: tuple[str, ...] = option(
        (), "AE title that may send, or TITLE@ADDRESS; repeatable. Default: any.", "--peer", metavar="TITLE[@ADDRESS]"
    )
    spool: str = option(SPOOL, "Folder in which films are kept before they are scored.", metavar="FOLDER/", shown=SPOOL)
    associations: int = option(10, "Associations at once; more are rejected.", range=(1, None), metavar="N")
    min_free: int = option(
        1000, "Refuse films while less of the disk is free than this.", range=(0, None), metavar="MB"
    )
    tls_cert: str | None = option(
        None, "Certificate of this receiver; turns TLS on.", type=EXISTING_FILE, metavar="PEM"
    )
    tls_key: str | None = option(None, "Its private key.", type=EXISTING_FILE, metavar="PEM")
    tls_ca: str | None = option(None, "Authorities whose peers are let in.", type=EXISTING_FILE, metavar="PEM")
    how: WatchOptions
    as_json: bool = options.json_option()

    def __post_init__(self) -> None:
        if len({bool(self.tls_cert), bool(self.tls_key), bool(self.tls_ca)}) > 1:
            raise click.UsageError("TLS takes --tls-cert, --tls-key and --tls-ca together")
        if self.host not in ("127.0.0.1", "::1", "localhost") and not (self.peers or self.tls_ca):
            raise click.UsageError("name who may send from other machines: --peer TITLE@ADDRESS, or TLS")


@command(
    "xrayscan listen --port 11112 --aet XRAYSCAN",
    "xrayscan listen --host 10.1.2.3 --peer PACS@10.1.2.9 --spool /var/lib/xrayscan/spool",
    "xrayscan listen --format html,dicom-sr --send dimse://PACS@10.1.2.9:11112",
    env="XRAYSCAN",
)
def listen(asked: ListenOptions) -> Watched:
    """Take films over DICOM (C-STORE) and score them as `watch` does.

    A film lies in --spool, on the disk, before its sender is told that it was taken. Computed and digital radiographs
    and secondary captures are taken, in the transfer syntaxes that can be decoded; C-ECHO is answered. Needs the extra
    xrayscan[dicom].

    Exit code: as `watch`; 5 also where the port cannot be had.
    """
    from xrayscan.watching.receiver import Listening, Receiver
    from xrayscan.watching.spool import Spool

    tls = (asked.tls_cert, asked.tls_key, asked.tls_ca) if asked.tls_cert and asked.tls_key and asked.tls_ca else None
    listening = Listening(
        port=asked.port,
        aet=asked.aet,
        host=asked.host,
        peers=asked.peers,
        associations=asked.associations,
        max_bytes=asked.how.reading.limits().max_file_bytes,
        min_free=asked.min_free * 1_000_000,
        tls=tls,
    )
    tell = teller(asked.how.quiet)
    receiver = Receiver(Spool(os.path.abspath(asked.spool), share=asked.how.share), listening, tell)
    with receiver.serving() as port:
        tell(f"{asked.aet} listens on port {port} of {asked.host}")
        return run(asked.spool, asked.how)
