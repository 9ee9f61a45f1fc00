"""``python -m xrayscan`` and the command ``xrayscan``, which imports nothing from the working folder."""

import signal
import time

from xrayscan.files.import_path import leave_working_folder


def main() -> None:
    """Run the command line. An end before the command has begun is one without a word, and one at once."""
    began = time.monotonic()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # which would show where imports were
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    leave_working_folder()
    from xrayscan.cli.signals import ENDED_BY, end_at_once, leave, to_end

    for number in to_end():
        signal.signal(number, end_at_once)
    from xrayscan.cli import main as command
    from xrayscan.cli.forgiving import mend_streams
    from xrayscan.network.openmp import wait_passively
    from xrayscan.runtime.offline import report_nothing

    wait_passively()
    report_nothing()
    mend_streams()
    try:
        command(prog_name="xrayscan", obj=began)
    except SystemExit as ended:
        if isinstance(ended.code, int) and ended.code > ENDED_BY:
            leave(ended.code)
        raise


if __name__ == "__main__":
    main()
