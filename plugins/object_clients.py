"""Clients of object stores: how they are made, what they take from the environment, and their errors in our words.

Both take credentials from the environment alone. Their own messages hold addresses and answers, and are never shown.
"""

import contextlib
import functools
import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from xrayscan import Code, DecodeError, OutputError, UsageError

RETRIES = 5  # of a request that is answered with 429 or 5xx, or not at all, with growing pauses
CONNECT_SECONDS, READ_SECONDS, RETRY_SECONDS = 10, 30, 30
CREDENTIALS_LAST = timedelta(minutes=10)  # until those of a profile or a role are asked for again
NEEDS = "{}:// needs packages that are not installed: pip install 'xrayscan[cloud]'"
NO_CREDENTIALS = "s3:// needs credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
REFUSED = "the store permits neither to list nor to read it with the credentials of the environment"
NO_ANSWER = "the store did not give it, and was asked several times"
NOT_TAKEN = "the store did not take it, and was asked several times"
NOT_PERMITTED = "the store does not permit it with the credentials of the environment"
UNLISTABLE = "the listing ends at a key that its client cannot take, such as a//b"
_lock = threading.Lock()  # clients are made one at a time


def obstore_client(name: str, bucket: str) -> Any:
    """Return this process's client of a bucket. Raises: ImportError; UsageError without credentials."""
    with _lock:
        return _obstore_client(os.getpid(), name, bucket)


def botocore_client() -> Any:
    """Return this process's client of S3. Raises: ImportError."""
    with _lock:
        return _botocore_client(os.getpid())


def forget_clients() -> None:
    """Have clients be made anew, by an environment that has changed."""
    with _lock:
        _obstore_client.cache_clear()
        _botocore_client.cache_clear()


def _endpoint() -> str:
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL", "")


def unsigned() -> bool:
    """Whether nobody is to be named to the store, as for public buckets."""
    return os.environ.get("AWS_SKIP_SIGNATURE", "").lower() in ("true", "1")


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
        if certificates := os.environ.get("AWS_CA_BUNDLE"):
            with open(certificates, "rb") as file:
                options["client_options"]["root_certificate"] = file.read()
        config: Any = {"region": _region(), **({"endpoint": endpoint} if endpoint else {})}
        return S3Store(bucket, config=config, credential_provider=_credentials(), **options)
    return GCSStore(bucket, **options) if name == "gs" else AzureStore(bucket, **options)


def _credentials() -> Any:
    """What gives obstore the credentials that botocore finds beyond variables: profiles, roles, files of tokens."""
    if unsigned() or "AWS_ACCESS_KEY_ID" in os.environ:
        return None  # obstore takes them itself
    from botocore.session import get_session

    found = get_session().get_credentials()
    if found is None:
        raise UsageError(NO_CREDENTIALS)

    def current() -> dict[str, Any]:
        key, secret, token = found.get_frozen_credentials()[:3]
        until = datetime.now(UTC) + CREDENTIALS_LAST
        return {"access_key_id": key, "secret_access_key": secret, "token": token, "expires_at": until}

    return current


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
        signature_version=UNSIGNED if unsigned() else None,
        s3={"addressing_style": "path" if _endpoint() else "auto"},
    )
    return get_session().create_client("s3", region_name=_region(), config=config)


def _region() -> str:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"


@contextlib.contextmanager
def botocore_told() -> Iterator[None]:
    """Put what botocore says, which holds addresses and answers, into words of ours."""
    from botocore.exceptions import ClientError, NoCredentialsError, ParamValidationError

    try:
        yield
    except ClientError as error:
        raise refusal(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) from None
    except NoCredentialsError:
        raise refusal(403) from None
    except ParamValidationError:
        raise refusal(404) from None
    except DecodeError:
        raise
    except Exception:
        raise refusal(0) from None


@contextlib.contextmanager
def obstore_told(told: Callable[[int], Exception]) -> Iterator[None]:
    """Put what obstore says into words of ours: those for an answer of HTTP, or for none (0)."""
    from obstore.exceptions import InvalidPathError, PermissionDeniedError, UnauthenticatedError

    try:
        yield
    except FileNotFoundError:
        raise told(404) from None
    except (PermissionDeniedError, UnauthenticatedError):
        raise told(403) from None
    except InvalidPathError:
        raise DecodeError(Code.UNREADABLE, UNLISTABLE) from None
    except DecodeError:
        raise
    except Exception:
        raise told(0) from None


def refusal(status: int) -> DecodeError:
    """What an answer of HTTP to a reader means."""
    if status == 404:
        return DecodeError(Code.NOT_FOUND, "no such object or bucket")
    if status in (401, 403):
        return DecodeError(Code.NOT_PERMITTED, REFUSED)
    return DecodeError(Code.UNREADABLE, NO_ANSWER)


def not_written(status: int) -> OutputError:
    """The same, of an object that was to be written or deleted."""
    return OutputError({404: "no such bucket", 403: NOT_PERMITTED}.get(status, NOT_TAKEN))
