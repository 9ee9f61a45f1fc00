"""How much memory a reader process may take: a share of the machine's, or of what the container is given."""

import contextlib
import os
import sys

MOST = 2 << 30  # bytes; a film of 100 million pixels needs about 1.5 GB in the worst of its forms
LEAST = 512 << 20  # bytes; a film of 40 million pixels
SHARE = 0.75  # of all memory, for all readers together; the model needs the rest
CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")  # version 2, version 1


def reader_share(readers: int) -> int:
    """Bytes that each of so many readers may allocate. By what is there, not by what is free: a scan is repeatable."""
    return int(min(MOST, max(LEAST, SHARE * _installed() / readers)))


def _installed() -> float:
    """Bytes of memory that this process may count on; without a limit where the system does not say."""
    limits = [float("inf")]
    if sys.platform != "win32" and "SC_PHYS_PAGES" in os.sysconf_names:
        limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for path in CGROUP_LIMITS:
        with contextlib.suppress(OSError, ValueError), open(path, encoding="ascii") as file:
            limits.append(int(file.read()))  # "max" is no number, and no limit
    return min(limits)
