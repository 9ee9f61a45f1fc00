"""Films of a DICOMweb server: ``dicomweb+https://host/root?StudyDate=20260101-20260131&Modality=DX,CR``.

An address may also lead to a study, a series or an instance: ``…/studies/1.2.3``. A film's own address is the one that
was asked for, with the film's UIDs behind it. Searched level by level (QIDO-RS), which every server answers; read by
WADO-RS from the UIDs, since the URLs that servers give in their answers are often wrong.
Source: DICOM PS3.18 sections 10.4 (retrieve), 10.6 (search) and 8.3.4 (paging).
"""

import contextlib
import functools
import importlib.util
import io
import os
import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from xrayscan import (
    Code,
    DecodeError,
    Fetched,
    Opened,
    Search,
    Source,
    UsageError,
    in_threads,
)

from .dicomweb import NOT_PERMITTED, client_of, server_of

PAGE = 200  # results asked for at once
MATCHED = ("StudyDate", "StudyTime", "Modality", "ModalitiesInStudy", "BodyPartExamined", "StudyInstanceUID")
OTHER_KEY = f"search a DICOMweb server by {', '.join(MATCHED)} alone: what names a patient would stand in reports"
STUDY, SERIES, INSTANCE, MODALITY = "0020000D", "0020000E", "00080018", "00080060"
UID = r"([0-9.]{1,64})"
LEVELS = rf"(?:/studies/{UID}(?:/series/{UID}(?:/instances/{UID})?)?)?"
ADDRESS = re.compile(rf"(?P<root>[^?]*?){LEVELS}/?(?:\?(?P<query>[^/]*){LEVELS}/?)?")


@dataclass(frozen=True, slots=True)
class Asked:
    """An address, taken apart. ``uids``: of study, series and instance, as many as it names."""

    root: str  # of the server
    prefix: str  # what the address of each film begins with
    uids: tuple[str, ...]
    filters: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, address: str) -> "Asked":
        """Raises: DecodeError for one that is none; UsageError for a search by what may name a patient."""
        found = ADDRESS.fullmatch(address)
        if not found:
            raise DecodeError(Code.BAD_ADDRESS, "give host/root, and behind it /studies/UID or ?StudyDate=…&Modality=…")
        filters = tuple(parse_qsl(found["query"] or "", keep_blank_values=True))
        if not {key for key, _ in filters} <= set(MATCHED):
            raise UsageError(OTHER_KEY)  # no record, which would show the address
        *asked, query, study, series, instance = found.groups()[1:]
        prefix = found["root"] if query is None else address[: found.end("query")]
        uids = (study, series, instance) if study else asked
        return cls(found["root"], prefix, tuple(filter(None, uids)), filters)

    @property
    def modalities(self) -> tuple[str, ...]:
        """Those that are asked for; none: any."""
        return tuple(dict.fromkeys(one for key, value in self.filters if key == "Modality" for one in value.split(",")))

    def matches(self, modality: str) -> bool:
        """Whether a series of this modality is wanted."""
        return not self.modalities or modality in self.modalities

    def of_studies(self) -> Iterator[dict[str, str]]:
        """What to search studies by: a server matches one modality at a time."""
        others = {key: value for key, value in self.filters if key != "Modality"}
        for modality in self.modalities or ("",):
            yield others | ({"ModalitiesInStudy": modality} if modality else {})


class DicomWebFilms:
    """The films of one scheme's servers. Credentials come from .netrc (NETRC) or XRAYSCAN_DICOMWEB_TOKEN."""

    def __init__(self, name: str) -> None:
        self.name = name

    def find(self, addresses: Iterable[str], search: Search) -> Iterator[Source]:
        """Search for studies, then through several of them at a time: one that fails costs itself."""
        if importlib.util.find_spec("dicomweb_client") is None:
            raise UsageError(f"{self.name}:// needs other packages: pip install 'xrayscan[dicom]'")
        studies = list(in_threads(self._studies, addresses))
        yield from (one for one in studies if one.reason)
        yield from in_threads(self._films, dict.fromkeys(one.path for one in studies if not one.reason))

    def open(self, address: str) -> Opened:
        """Retrieve one film. Raises: DecodeError."""
        from xrayscan import header_kept_private  # which brings pydicom

        asked = Asked.of(address)
        if len(asked.uids) != 3:
            raise DecodeError(Code.BAD_ADDRESS, "an address of no single film")
        with _told(), header_kept_private():
            warnings.simplefilter("ignore")
            content = io.BytesIO()
            _client(os.getpid(), asked.root).retrieve_instance(*asked.uids).save_as(content)
        return Fetched(content.getvalue())

    def _studies(self, address: str) -> Iterator[Source]:
        """The addresses of the studies to be looked through, as sources."""
        asked = Asked.of(address)
        if asked.uids:
            yield Source(address, address)
            return
        search = _client(os.getpid(), asked.root).search_for_studies
        with _told():
            for filters in asked.of_studies():
                for study in _all(search, STUDY, search_filters=filters):
                    found = f"{asked.prefix}/studies/{study[STUDY]}"
                    yield Source(found, found)

    def _films(self, address: str) -> Iterator[Source]:
        """The films of one study, series or instance."""
        asked = Asked.of(address)
        client = _client(os.getpid(), asked.root)
        study, series, instance = (*asked.uids, None, None)[:3]
        with _told():
            for one in _all(client.search_for_series, SERIES, study_instance_uid=study):
                if series in (None, one[SERIES]) and asked.matches(one[MODALITY]):
                    within = {"study_instance_uid": study, "series_instance_uid": one[SERIES]}
                    for film in _all(client.search_for_instances, INSTANCE, **within):
                        if instance in (None, film[INSTANCE]):
                            own = f"studies/{study}/series/{one[SERIES]}/instances/{film[INSTANCE]}"
                            yield Source.from_tag(f"{asked.prefix}/{own}", 0, tag=film[INSTANCE])


def _all(search: Callable[..., Any], tag: str, **asked: Any) -> Iterator[dict[str, str]]:
    """Yield all results of a search, page by page, each once: UID and modality.

    It ends with a page that brings nothing new: servers cap pages, and some know no offset.
    """
    seen: set[str] = set()
    count = 0
    while True:
        page = search(**asked, limit=PAGE, offset=count)
        new = [result for result in map(_result, page) if result[tag] not in seen]
        for result in new:
            if not re.fullmatch(UID, result[tag]):
                raise DecodeError(Code.UNREADABLE, "the server lists something without a UID")
            seen.add(result[tag])
            yield result
        if not new:
            return
        count += len(page)


def _result(listed: dict[str, Any]) -> dict[str, str]:
    def first(tag: str) -> str:
        return str(next(iter(listed.get(tag, {}).get("Value") or [""])))

    return {tag: first(tag) for tag in (STUDY, SERIES, INSTANCE, MODALITY)}


@functools.lru_cache(16)
def _client(process: int, root: str) -> Any:
    """One client a process and server."""
    return client_of(server_of(root))


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Turn what a server answers into a DecodeError in our own words."""
    from requests import HTTPError, RequestException

    try:
        yield
    except HTTPError as error:
        status = 0 if error.response is None else error.response.status_code
        if status in (401, 403):
            raise DecodeError(Code.NOT_PERMITTED, NOT_PERMITTED) from None
        if status in (404, 410):
            raise DecodeError(Code.NOT_FOUND, "no such object on the server") from None
        raise DecodeError(Code.UNREADABLE, f"the server answers HTTP {status}") from None
    except RequestException:
        raise DecodeError(Code.UNREADABLE, "the server does not answer") from None
