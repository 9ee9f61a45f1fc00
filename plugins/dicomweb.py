"""A DICOMweb server and how it is asked (DICOM PS3.18)."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

from xrayscan import OutputError

TOKEN = "XRAYSCAN_DICOMWEB_TOKEN"  # environment: a bearer token; otherwise .netrc (NETRC) has login and password
SCHEMES = {"dicomweb+https": "https", "dicomweb+http": "http"}
CONNECT_SECONDS, READ_SECONDS = 10, 60
RETRIES, BACK_OFF = 3, 0.3  # of a request that is answered so, or not at all; seconds
AGAIN = (429, 502, 503, 504)
NOT_PERMITTED = "the server does not permit it: see .netrc or XRAYSCAN_DICOMWEB_TOKEN"


def server_of(address: str) -> str:
    """The URL that an address of ours stands for."""
    scheme, _, rest = address.partition("://")
    return f"{SCHEMES[scheme.lower()]}://{rest.rstrip('/')}"


def client_of(url: str) -> Any:
    """A client of a server. Nothing is sent on to another address that the server names."""
    from dicomweb_client.api import DICOMwebClient
    from requests import Session
    from requests.adapters import HTTPAdapter
    from urllib3 import Retry

    session = Session()
    session.max_redirects = 0
    again = Retry(RETRIES, status_forcelist=AGAIN, allowed_methods=None, backoff_factor=BACK_OFF, raise_on_status=False)
    session.mount(url, HTTPAdapter(max_retries=again))
    if token := os.environ.get(TOKEN):
        session.auth = _bearer(token)
    client = DICOMwebClient(url, session=session, timeout=(CONNECT_SECONDS, READ_SECONDS))
    client.set_http_retry_params(retry=False)  # which would also ask again for what was refused
    return client


def _bearer(token: str) -> Any:
    def authorize(request: Any) -> Any:
        request.headers["Authorization"] = f"Bearer {token}"
        return request

    return authorize


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Say in our own words what a server answers. Raises: OutputError for one object; OSError where none would do."""
    from requests import HTTPError, RequestException

    try:
        yield
    except HTTPError as error:
        status = 0 if error.response is None else error.response.status_code
        if status in (401, 403):
            raise OSError(NOT_PERMITTED) from None
        if status in (0, 404, 405) or status >= 500:
            raise OSError(f"the server answers HTTP {status}") from None
        raise OutputError(f"refused with HTTP {status}") from None
    except RequestException:
        raise OSError("no connection") from None
