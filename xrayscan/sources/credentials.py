"""Addresses that hold what lets somebody in: they are not opened, and what they hold is written nowhere."""

import re

from xrayscan.sources.address import LOCAL, scheme

REASON = "address that holds credentials, not opened: give them in the environment"
HIDDEN = "…"
_SECRET = re.compile(r"[?&;][^=&;#]*(sig|token|key|credential|passw|secret|auth|jwt|session|policy)[^=&;#]*=", re.I)


def without_credentials(address: str) -> str:
    """Return the address without user, password and, where a part of its query is a secret, its query.

    An address that has nothing of the kind, and any path, is returned as it is.
    Source: RFC 3986 section 3.2.1 (user information); the signed URLs of Amazon, Google and Azure.
    """
    if scheme(address) == LOCAL:
        return address
    start, _, rest = address.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    host = f"{HIDDEN}@{authority.rpartition('@')[2]}" if "@" in authority else authority
    path = rest[len(authority) :]
    if found := _SECRET.search(path):
        path = f"{path[: path.index('?')] if '?' in path[: found.end()] else path[: found.start()]}?{HIDDEN}"
    return f"{start}://{host}{path}"
