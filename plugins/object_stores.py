"""Object stores as sources: ``s3://bucket/key``, ``gs://bucket/key`` and ``az://container/key``.

S3 is listed by botocore, which takes any key there is. Films are read by obstore, which takes a third of its CPU time
and starts in a tenth of it; what obstore does not read (keys such as ``a//b``, a bucket of another region) is read by
botocore. Reports are written by obstore. Both take credentials from the environment; nothing of them is kept.
"""

import contextlib
import functools
import mimetypes
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from xrayscan import (
    Code,
    DecodeError,
    Opened,
    Place,
    Search,
    Source,
    Streamed,
    UsageError,
    hookimpl,
    in_threads,
)

from .object_clients import (
    NEEDS,
    NO_CREDENTIALS,
    botocore_client,
    botocore_told,
    not_written,
    obstore_client,
    obstore_told,
    refusal,
    unsigned,
)

CHUNK = 1 << 20  # bytes that come at once
SAFE_KEY = re.compile(r"[A-Za-z0-9 _.,;:=@()+/-]+")  # signs that mean the same to every client
NOT_PLAIN = "reports go below a bucket, under plain names: letters of ASCII, digits, spaces and . _ - = + @ , ; : ( )"
Pieces = tuple[int, Iterator[bytes]]  # an object's size, and its bytes


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

    def put(self, address: str, path: str) -> None:
        """Keep a file whole or not at all: what is larger than a part is sent in parts, and appears with the last."""
        client, key = self._writer(address)
        with open(path, "rb") as file, obstore_told(not_written):
            client.put(key, file, attributes={"Content-Type": _content_type(path)})

    def remove(self, address: str) -> None:
        """Delete an object."""
        client, key = self._writer(address)
        with obstore_told(not_written), contextlib.suppress(FileNotFoundError):
            client.delete(key)

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

    def _client(self, bucket: str) -> Any:
        return obstore_client(self.name, bucket)

    def _writer(self, address: str) -> tuple[Any, str]:
        """Return obstore's client, and the key within its bucket. Raises: UsageError."""
        bucket, _, key = address.partition("://")[2].partition("/")
        if not bucket or not _plain(key):
            raise UsageError(NOT_PLAIN)
        try:
            return self._client(bucket), key
        except ImportError as error:
            raise UsageError(NEEDS.format(self.name)) from error

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
        with obstore_told(refusal):
            with contextlib.suppress(FileNotFoundError):
                return self._found(bucket, self._client(bucket).head(key))
            return None

    def below(self, bucket: str, folder: str) -> Iterator[Source]:
        """As the store lists them, page by page."""
        with obstore_told(refusal):
            for page in self._client(bucket).list(folder.rstrip("/") or None):
                yield from (self._found(bucket, meta) for meta in page)

    def get(self, bucket: str, key: str) -> Pieces:
        """As it comes."""
        with obstore_told(refusal):
            return _obstore_get(self._client(bucket), key)

    def _found(self, bucket: str, meta: Any) -> Source:
        return self._source(bucket, meta["path"], meta["size"], meta["last_modified"], meta["e_tag"])


class S3(_Store):
    """Amazon's protocol, also of another server: AWS_ENDPOINT_URL."""

    name = "s3"

    def __init__(self) -> None:
        self._not_by_obstore: set[str] = set()  # buckets that botocore reads and obstore does not

    def check(self) -> None:
        """Raises: ImportError; UsageError without credentials."""
        import obstore  # noqa: F401
        from botocore.session import get_session

        if not unsigned() and get_session().get_credentials() is None:
            raise UsageError(NO_CREDENTIALS)

    def head(self, bucket: str, key: str) -> Source | None:
        """As the store says."""
        with botocore_told():
            client = botocore_client()
            try:
                found = client.head_object(Bucket=bucket, Key=key)
            except client.exceptions.ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                    return None
                raise
            return self._source(bucket, key, found["ContentLength"], found["LastModified"], found.get("ETag"))

    def below(self, bucket: str, folder: str) -> Iterator[Source]:
        """As the store lists them, page by page."""
        with botocore_told():
            for page in botocore_client().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder):
                for found in page.get("Contents", ()):
                    yield self._source(bucket, found["Key"], found["Size"], found["LastModified"], found.get("ETag"))

    def get(self, bucket: str, key: str) -> Pieces:
        """As it comes, by obstore where that takes it."""
        fast = bucket not in self._not_by_obstore and _plain(key)
        if fast:
            with contextlib.suppress(Exception):  # botocore's answer is the one that is told
                return _obstore_get(self._client(bucket), key)
        with botocore_told():
            answer = botocore_client().get_object(Bucket=bucket, Key=key)
            if fast:
                self._not_by_obstore.add(bucket)
            return answer["ContentLength"], _pieces(answer["Body"])


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


def _plain(key: str) -> bool:
    """Whether obstore asks for this key and no other."""
    return bool(SAFE_KEY.fullmatch(key)) and not {"", ".", ".."} & set(key.split("/"))


def _content_type(path: str) -> str:
    """What a browser is told that a file is, so that it shows the page instead of keeping it."""
    kind, packed = mimetypes.guess_type(path)
    return "application/gzip" if packed else kind or "application/octet-stream"


def _obstore_get(client: Any, key: str) -> Pieces:
    result = client.get(key)
    return result.meta["size"], map(bytes, result.stream(CHUNK))


@hookimpl
def register_sources(register: Callable[[Place], None]) -> None:
    """Offer three kinds of stores."""
    for place in (S3(), Obstore("gs"), Obstore("az")):
        register(place)
