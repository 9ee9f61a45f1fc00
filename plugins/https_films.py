"""One film by its address on the web: ``https://host/film.dcm``."""

import contextlib
import functools
import netrc
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from xrayscan import Code, DecodeError, Opened, Place, Search, Source, Streamed, UsageError, hookimpl, in_threads

CHUNK = 1 << 20  # bytes that come at once
MOST_BYTES = 1 << 29  # of a body whose length is not announced
RETRIES, BACK_OFF, LONGEST_PAUSE = 5, 0.2, 10  # of a request that is answered so, or not at all; seconds
AGAIN = (429, 500, 502, 503, 504)
CONNECT_SECONDS, READ_SECONDS = 10, 30
NO_ANSWER = "the server did not give it, and was asked several times"
NO_LENGTH = "the server does not say how long the file is, so that nobody knows whether all of it came"
_lock = threading.Lock()


class HttpsFilms:
    """Each address is one film. Its server's certificate is checked; login and password come from .netrc (NETRC)."""

    def __init__(self, name: str = "https") -> None:
        self.name = name

    def find(self, addresses: Iterable[str], search: Search) -> Iterator[Source]:
        """Ask for what is known of each film without reading it, several at a time."""
        try:
            import urllib3  # noqa: F401
        except ImportError as error:
            raise UsageError("https:// needs urllib3: pip install 'xrayscan[cloud]'") from error
        return in_threads(self._at, addresses)

    def open(self, address: str) -> Opened:
        """Ask for one film. Raises: DecodeError."""
        return Streamed(functools.partial(self._get, address))

    def _at(self, address: str) -> Iterator[Source]:
        answer = self._asked("HEAD", address)
        if answer.status in (403, 405, 501):  # signed and simple servers answer GET alone
            answer.close()
            answer = self._asked("GET", address)
        _check(answer)
        answer.close()
        modified = 0
        with contextlib.suppress(TypeError, ValueError):
            modified = int(parsedate_to_datetime(answer.headers.get("Last-Modified")).timestamp()) * 10**9
        tag = answer.headers.get("ETag", "").removeprefix("W/").strip('"')
        yield Source.from_tag(address, _length(answer) or 0, modified, tag)

    def _get(self, address: str) -> tuple[int, Iterator[bytes]]:
        answer = self._asked("GET", address)
        _check(answer)
        size = _length(answer)
        if size is not None:
            return size, _pieces(answer)
        if not answer.chunked:
            answer.close()
            raise DecodeError(Code.UNREADABLE, NO_LENGTH)
        with _told():
            content = b"".join(_up_to(MOST_BYTES, _pieces(answer)))
        return len(content), iter([content])

    def _asked(self, method: str, address: str) -> Any:
        """The server's answer, its body not yet read. Raises: DecodeError."""
        with _told():
            with _lock:
                pool = _pool(os.getpid(), self.name, _proxy(address))
            headers = {"Accept-Encoding": "identity", **_authorization(urlsplit(address).hostname or "")}
            return pool.request(method, address, headers=headers, preload_content=False, decode_content=False)


@functools.lru_cache(4)
def _pool(process: int, scheme: str, proxy: str) -> Any:
    """One pool of connections a process and proxy. Certificates are those that the system trusts (SSL_CERT_FILE)."""
    from urllib3 import PoolManager, ProxyManager, Retry, Timeout

    retries = Retry(
        RETRIES, status_forcelist=AGAIN, raise_on_status=False, backoff_factor=BACK_OFF, retry_after_max=LONGEST_PAUSE
    )
    timeout = Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
    options: dict[str, Any] = {"retries": retries, "timeout": timeout}
    pool = ProxyManager(proxy, **options) if proxy else PoolManager(**options)
    pool.key_fn_by_scheme = {scheme: pool.key_fn_by_scheme[scheme]}  # nobody is sent on to a server without TLS
    return pool


def _proxy(address: str) -> str:
    """The proxy that the environment names for an address: HTTPS_PROXY, unless NO_PROXY does."""
    from urllib.request import getproxies, proxy_bypass  # with all of http, which --help has no use for

    parts = urlsplit(address)
    return "" if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme, "")


def _authorization(host: str) -> dict[str, str]:
    """What .netrc has for a host; nothing is sent to any other."""
    from urllib3.util import make_headers

    with contextlib.suppress(OSError, netrc.NetrcParseError):
        if found := netrc.netrc(os.environ.get("NETRC")).authenticators(host):
            return make_headers(basic_auth=f"{found[0]}:{found[2]}")
    return {}


def _length(answer: Any) -> int | None:
    told = answer.headers.get("Content-Length", "")
    return int(told) if told.isascii() and told.isdigit() else None


def _pieces(answer: Any) -> Iterator[bytes]:
    """The body; whoever stops early lets go of the connection."""
    with contextlib.closing(answer):
        yield from answer.stream(CHUNK)


def _up_to(most: int, pieces: Iterator[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        most -= len(piece)
        if most < 0:
            raise DecodeError(Code.FILE_TOO_LARGE, f"larger than {MOST_BYTES >> 20} MiB, and its length not announced")
        yield piece


def _check(answer: Any) -> None:
    """Raises: DecodeError unless the answer is the film."""
    status = answer.status
    if status != 200:
        answer.close()
    if status in (401, 403):
        raise DecodeError(Code.NOT_PERMITTED, "the server does not permit to read it")
    if status in (404, 410):
        raise DecodeError(Code.NOT_FOUND, "no such film on the server")
    if status != 200:
        raise DecodeError(Code.UNREADABLE, NO_ANSWER)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Put what urllib3 says, which holds addresses, into words of ours."""
    from urllib3.exceptions import URLSchemeUnknown

    try:
        yield
    except DecodeError:
        raise
    except URLSchemeUnknown:
        raise DecodeError(Code.NOT_PERMITTED, "the server sends on to an address that is not https") from None
    except Exception:
        raise DecodeError(Code.UNREADABLE, NO_ANSWER) from None


@hookimpl
def register_sources(register: Callable[[Place], None]) -> None:
    """Offer films on the web."""
    register(HttpsFilms())
