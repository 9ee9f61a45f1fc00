"""Object stores as sources: ``s3://bucket/key``, ``gs://bucket/key`` and ``az://container/key``.

S3 is listed by botocore, which takes any key there is. Films are read by obstore, which takes a third of its CPU time
and starts in a tenth of it; what obstore does not read (keys such as ``a//b``, credentials that are not in variables, a
bucket of another region) is read by botocore. Both take credentials from the environment; nothing of them is kept.
"""

import contextlib
import functools
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from xrayscan import Code, DecodeError, Opened, Place, Search, Source, Streamed, UsageError, hookimpl, in_threads

CHUNK = 1 << 20  # bytes that come at once
RETRIES = 5  # of a request that is answered with 429 or 5xx, or not at all, with growing pauses
CONNECT_SECONDS, READ_SECONDS, RETRY_SECONDS = 10, 30, 30
SAFE_KEY = re.compile(r"[A-Za-z0-9 _.,;:=@()+/-]+")  # signs that mean the same to every client
NEEDS = "{}:// needs packages that are not installed: pip install 'xrayscan[cloud]'"
REFUSED = "the store permits neither to list nor to read it with the credentials of the environment"
NO_ANSWER = "the store did not give it, and was asked several times"
UNLISTABLE = "the listing ends at a key that its client cannot take, such as a//b"
Pieces = tuple[int, Iterator[bytes]]  # an object's size, and its bytes
_lock = threading.Lock()  # clients are made one at a time


class _Store:
    """What all of them share: an address is one object, or the folder of all whose keys begin with it and a slash."""

    name: str

    def find(self, addresses: Iterable[str], search: Search) -> Iterator[Source]:
        """List every object at and below each address, several addresses at a time."""
        try:
            self.check()
        except ImportError as error:
            raise UsageError(NEEDS.format(self.name)) from error
        return in_threads(self._at, addresses)

    def open(self, address: str) -> Opened:
        """Ask for one object. Raises: DecodeError."""
        return Streamed(functools.partial(self.get, *_parts(address)))

    def check(self) -> None:
        """Raises: ImportError or UsageError where nothing can be read at all."""
        raise NotImplementedError

    def head(self, bucket: str, key: str) -> Source | None:
        """One object; None if there is none. Raises: DecodeError."""
        raise NotImplementedError

    def below(self, bucket: str, folder: str) -> Iterator[Source]:
        """Every object whose key begins with ``folder``. Raises: DecodeError behind the last that could be listed."""
        raise NotImplementedError

    def get(self, bucket: str, key: str) -> Pieces:
        """Ask for an object. Raises: DecodeError."""
        raise NotImplementedError

    def _at(self, address: str) -> Iterator[Source]:
        bucket, key = _parts(address)
        folder = not key or key.endswith("/")
        if not folder and (named := self.head(bucket, key)):
            yield named
            return
        for found in self.below(bucket, key if folder else f"{key}/"):
            if found.size or not found.path.endswith("/"):  # a console's mark of an empty folder is no file
                yield found

    def _source(self, bucket: str, key: str, size: int, modified: datetime, tag: str | None) -> Source:
        """One object. Listings tell fractions of a second and quotes around tags, which other answers do not."""
        seconds = int(modified.timestamp())
        return Source.from_tag(f"{self.name}://{bucket}/{key}", size, seconds * 10**9, (tag or "").strip('"'))


class Obstore(_Store):
    """A store that obstore both lists and reads."""

    def __init__(self, name: str) -> None:
        self.name = name

    def check(self) -> None:
        """Raises: ImportError."""
        import obstore  # noqa: F401

    def head(self, bucket: str, key: str) -> Source | None:
        """As the store says."""
        with _obstore_told():
            with contextlib.suppress(FileNotFoundError):
                return self._found(bucket, self._client(bucket).head(key))
            return None

    def below(self, bucket: str, folder: str) -> Iterator[Source]:
        """As the store lists them, page by page."""
        with _obstore_told():
            for page in self._client(bucket).list(folder.rstrip("/") or None):
                yield from (self._found(bucket, meta) for meta in page)

    def get(self, bucket: str, key: str) -> Pieces:
        """As it comes."""
        with _obstore_told():
            return _obstore_get(self._client(bucket), key)

    def _found(self, bucket: str, meta: Any) -> Source:
        return self._source(bucket, meta["path"], meta["size"], meta["last_modified"], meta["e_tag"])

    def _client(self, bucket: str) -> Any:
        with _lock:
            return _obstore_client(os.getpid(), self.name, bucket)


class S3(_Store):
    """Amazon's protocol, also of another server: AWS_ENDPOINT_URL."""

    name = "s3"

    def __init__(self) -> None:
        self._not_by_obstore: set[str] = set()  # buckets that botocore reads and obstore does not

    def check(self) -> None:
        """Raises: ImportError; UsageError without credentials."""
        import obstore  # noqa: F401
        from botocore.session import get_session

        if not _unsigned() and get_session().get_credentials() is None:
            raise UsageError("s3:// needs credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")

    def head(self, bucket: str, key: str) -> Source | None:
        """As the store says."""
        with _botocore_told():
            client = self._client()
            try:
                found = client.head_object(Bucket=bucket, Key=key)
            except client.exceptions.ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                    return None
                raise
            return self._source(bucket, key, found["ContentLength"], found["LastModified"], found.get("ETag"))

    def below(self, bucket: str, folder: str) -> Iterator[Source]:
        """As the store lists them, page by page."""
        with _botocore_told():
            for page in self._client().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder):
                for found in page.get("Contents", ()):
                    yield self._source(bucket, found["Key"], found["Size"], found["LastModified"], found.get("ETag"))

    def get(self, bucket: str, key: str) -> Pieces:
        """As it comes, by obstore where that takes it."""
        fast = bucket not in self._not_by_obstore and _by_obstore(key)
        if fast:
            with contextlib.suppress(Exception):  # botocore's answer is the one that is told
                with _lock:
                    client = _obstore_client(os.getpid(), self.name, bucket)
                return _obstore_get(client, key)
        with _botocore_told():
            answer = self._client().get_object(Bucket=bucket, Key=key)
            if fast:
                self._not_by_obstore.add(bucket)
            return answer["ContentLength"], _pieces(answer["Body"])

    def _client(self) -> Any:
        with _lock:
            return _botocore_client(os.getpid())


def _pieces(body: Any) -> Iterator[bytes]:
    """The bytes that botocore reads; whoever stops early lets go of the connection."""
    with contextlib.closing(body):
        yield from body.iter_chunks(CHUNK)


def _parts(address: str) -> tuple[str, str]:
    """Return bucket and key. A key is taken as it is: nothing of it is a path. Raises: DecodeError."""
    bucket, _, key = address.partition("://")[2].partition("/")
    if not bucket:
        raise DecodeError(Code.BAD_ADDRESS, "address without a bucket")
    return bucket, key


def _by_obstore(key: str) -> bool:
    """Whether obstore asks for this key and no other, with the credentials and certificates that botocore takes."""
    plain = SAFE_KEY.fullmatch(key) and not {"", ".", ".."} & set(key.split("/"))
    trusted = "AWS_CA_BUNDLE" not in os.environ or _endpoint().startswith("http://")
    return bool(plain) and trusted and (_unsigned() or "AWS_ACCESS_KEY_ID" in os.environ)


def _endpoint() -> str:
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL", "")


def _unsigned() -> bool:
    return os.environ.get("AWS_SKIP_SIGNATURE", "").lower() in ("true", "1")


def _obstore_get(client: Any, key: str) -> Pieces:
    result = client.get(key)
    return result.meta["size"], map(bytes, result.stream(CHUNK))


@functools.lru_cache(32)
def _obstore_client(process: int, name: str, bucket: str) -> Any:
    """One client a process and bucket: its threads do not outlive a fork."""
    from obstore.store import AzureStore, GCSStore, S3Store

    endpoint = _endpoint()
    options: dict[str, Any] = {
        "retry_config": {"max_retries": RETRIES, "retry_timeout": timedelta(seconds=RETRY_SECONDS)},
        "client_options": {
            "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
            "read_timeout": timedelta(seconds=READ_SECONDS),
            "timeout": timedelta(minutes=10),  # of a whole body; the scan's own limit is another
            "allow_http": name == "s3" and endpoint.startswith("http://"),
        },
    }
    if name == "s3":
        return S3Store(bucket, config={"region": _region(), **({"endpoint": endpoint} if endpoint else {})}, **options)
    return GCSStore(bucket, **options) if name == "gs" else AzureStore(bucket, **options)


@functools.lru_cache(1)
def _botocore_client(process: int) -> Any:
    """One client a process."""
    from botocore import UNSIGNED
    from botocore.config import Config
    from botocore.session import get_session

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "legacy", "total_max_attempts": RETRIES + 1},  # the mode that also retries 429
        max_pool_connections=32,
        signature_version=UNSIGNED if _unsigned() else None,
        s3={"addressing_style": "path" if _endpoint() else "auto"},
    )
    return get_session().create_client("s3", region_name=_region(), config=config)


def _region() -> str:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"


@contextlib.contextmanager
def _botocore_told() -> Iterator[None]:
    """Put what botocore says, which holds addresses and answers, into words of ours."""
    from botocore.exceptions import ClientError, NoCredentialsError, ParamValidationError

    try:
        yield
    except ClientError as error:
        raise _refusal(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) from None
    except NoCredentialsError:
        raise _refusal(403) from None
    except ParamValidationError:
        raise _refusal(404) from None
    except DecodeError:
        raise
    except Exception:
        raise _refusal(0) from None


@contextlib.contextmanager
def _obstore_told() -> Iterator[None]:
    """Put what obstore says into words of ours."""
    from obstore.exceptions import InvalidPathError, PermissionDeniedError, UnauthenticatedError

    try:
        yield
    except FileNotFoundError:
        raise _refusal(404) from None
    except (PermissionDeniedError, UnauthenticatedError):
        raise _refusal(403) from None
    except InvalidPathError:
        raise DecodeError(Code.UNREADABLE, UNLISTABLE) from None
    except DecodeError:
        raise
    except Exception:
        raise _refusal(0) from None


def _refusal(status: int) -> DecodeError:
    """What an answer of HTTP means."""
    if status == 404:
        return DecodeError(Code.NOT_FOUND, "no such object or bucket")
    if status in (401, 403):
        return DecodeError(Code.NOT_PERMITTED, REFUSED)
    return DecodeError(Code.UNREADABLE, NO_ANSWER)


@hookimpl
def register_sources(register: Callable[[Place], None]) -> None:
    """Offer three kinds of stores."""
    for place in (S3(), Obstore("gs"), Obstore("az")):
        register(place)
