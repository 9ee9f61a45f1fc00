"""Films on the web, read from a server on loopback."""

import os
import socket

import pytest
from films import film, png
from object_server import CHUNKED, CUT, NO_LENGTH, ObjectServer

from xrayscan import Code, DecodeError
from xrayscan.plugin import sources
from xrayscan.plugin.sources import discover, read_file
from xrayscan.testing.source import CLAUSES, SourceSubject

pytest.importorskip("urllib3", reason="urllib3 is not installed: pip install 'xrayscan[cloud]'")

from xrayscan_plugins import https_films
from xrayscan_plugins.https_films import HttpsFilms

FILM = png(film(96, 80))


@pytest.fixture
def server(monkeypatch, tmp_path):
    """A server without a certificate: the same source under the scheme http."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setattr("urllib3.util.retry.time.sleep", lambda seconds: None)
    place = HttpsFilms("http")
    monkeypatch.setattr(sources, "installed_sources", lambda: {"http": place})
    with ObjectServer({"a.png": FILM, "b.png": FILM}, key=None) as running:
        yield running
    https_films._pool(os.getpid(), "http", "").clear()
    https_films._pool.cache_clear()


@pytest.mark.parametrize("clause", [one for one in CLAUSES if one.__name__ not in ("check_listing", "check_one_file")])
def test_the_contract_is_kept_but_for_folders(clause, server):
    files = {f"{server.url}/a.png": FILM, f"{server.url}/b.png": FILM}

    class Both(HttpsFilms):
        def find(self, addresses, search):
            named = list(addresses)
            return super().find(files if named == [server.url] else named, search)

    clause(SourceSubject(Both("http"), server.url, files, f"{server.url}/absent.png"))


@pytest.mark.parametrize("faults", [[503, 429, 500], [CUT, CUT], [CHUNKED]], ids=str)
def test_a_server_that_is_busy_or_breaks_off_is_asked_again(faults, server):
    server.faults["a.png"] = list(faults)
    assert read_file(f"{server.url}/a.png") == FILM
    assert not server.faults["a.png"]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (CUT, Code.TRUNCATED),
        (NO_LENGTH, Code.UNREADABLE),
        (401, Code.NOT_PERMITTED),
        (403, Code.NOT_PERMITTED),
        (404, Code.NOT_FOUND),
        (503, Code.UNREADABLE),
        (204, Code.UNREADABLE),
    ],
)
def test_what_goes_on_failing_is_told_in_our_words_and_never_scored(fault, code, server):
    server.faults["a.png"] = [fault] * 99
    with pytest.raises(DecodeError) as raised:
        read_file(f"{server.url}/a.png")
    assert raised.value.code is code
    assert not any(word in str(raised.value) for word in ("127.0.0.1", "a.png", "Secret"))
    (found,) = discover([f"{server.url}/a.png"]) if isinstance(fault, int) else [None]
    assert found is None or found.code is code


def test_a_server_that_knows_no_head_is_asked_for_the_film(server):
    server.faults["a.png"] = [405]
    (found,) = discover([f"{server.url}/a.png"])
    assert (found.reason, found.size) == (None, len(FILM))


def test_a_server_that_is_not_there_is_one_record(server):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        (found,) = discover([f"http://127.0.0.1:{free.getsockname()[1]}/a.png"])
    assert found.code is Code.UNREADABLE


def test_a_password_of_netrc_goes_to_its_own_host_alone(server, tmp_path):
    (tmp_path / "netrc").write_text("machine other.example login me password hunter2\n")
    (tmp_path / "netrc").chmod(0o600)
    assert read_file(f"{server.url}/a.png") == FILM
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password hunter2\n")
    assert read_file(f"{server.url}/a.png") == FILM
    assert [headers.get("Authorization") for headers in server.heard] == [None, "Basic bWU6aHVudGVyMg=="]


def test_a_server_may_send_on_to_another_one_but_not_to_one_without_its_certificate(server, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password hunter2\n")
    with ObjectServer({"c.png": FILM}, key=None) as other:
        server.faults["a.png"] = [f"{other.url}/c.png", f"{other.url.replace('http', 'https')}/c.png"]
        assert read_file(f"{server.url}/a.png") == FILM
        assert [headers.get("Authorization") for headers in other.heard] == [None]
        with pytest.raises(DecodeError) as raised:
            read_file(f"{server.url}/a.png")
    assert raised.value.code is Code.NOT_PERMITTED
