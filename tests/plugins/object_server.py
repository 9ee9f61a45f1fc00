"""A server of objects on loopback that speaks as much of S3 as a scan needs, and misbehaves when told to."""

import hashlib
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from films import film, png

FILM = png(film(96, 80))
WHEN = 1_700_000_000
CUT, SLOW, NO_LENGTH, CHUNKED = "cut", "slow", "no length", "chunked"


class ObjectServer:
    """``objects``: content by "bucket/key". ``faults``: what the next requests for it meet.

    ``page``: keys in one answer of a listing. ``log``: method and path of every request; ``heard``: its headers.
    """

    def __init__(self, objects, key="KEY", page=2):
        self.objects, self.key, self.page = dict(objects), key, page
        self.faults, self.log, self.heard = {}, [], []
        handler = type("Handler", (_Handler,), {"store": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self._answer(body=False)

    def do_GET(self):
        self._answer(body=True)

    def do_PUT(self):
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self._change(lambda name: self.store.objects.update({name: content}))

    def do_POST(self):
        """Delete several, as clients do."""
        asked = ElementTree.fromstring(self.rfile.read(int(self.headers["Content-Length"])))
        keys = [found.text for found in asked.iter() if found.tag.endswith("Key")]
        bucket = urlsplit(self.path).path.strip("/")
        for key in keys:
            self.store.objects.pop(f"{bucket}/{key}", None)
        gone = "".join(f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in keys)
        self._send(200, f"<DeleteResult>{gone}</DeleteResult>".encode(), True)

    def _change(self, change):
        name, fault = self._asked()
        if fault:
            return self._send(fault, b"<Error><Code>Secret</Code></Error>", True)
        change(name)
        return self._send(200, b"", True, ETag='"0"')

    def _answer(self, body):
        name, fault = self._asked()
        if isinstance(fault, int):
            self._send(fault, b"<Error><Code>Secret</Code><Message>of the server</Message></Error>", body)
        elif isinstance(fault, str) and "://" in fault:
            self._send(302, b"", body, Location=fault)
        elif "list-type" in (query := parse_qs(urlsplit(self.path).query)):
            self._list(name.rstrip("/"), {name: value[0] for name, value in query.items()}, body)
        elif name in self.store.objects:
            self._object(self.store.objects[name], fault, body)
        else:
            self._send(404, b"<Error><Code>NoSuchKey</Code></Error>", body)

    def _asked(self):
        name = unquote(urlsplit(self.path).path).removeprefix("/")
        self.store.log.append((self.command, name))
        self.store.heard.append(self.headers)
        faults = self.store.faults.get(name)
        fault = faults.pop(0) if faults else None
        if self.store.key and f"Credential={self.store.key}/" not in self.headers.get("Authorization", ""):
            fault = 403
        return name, fault

    def _object(self, content, fault, body):
        etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
        headers = {"ETag": f'"{etag}"', "Last-Modified": formatdate(WHEN, usegmt=True)}
        if fault == CUT:
            self._send(200, content[: len(content) // 2], body, length=len(content), **headers)
            self.close_connection = True
        elif fault == NO_LENGTH:
            self._send(200, content, body, length=None, **headers)
            self.close_connection = True
        elif fault == CHUNKED:
            chunk = f"{len(content):x}\r\n".encode() + content + b"\r\n0\r\n\r\n"
            self._send(200, chunk, body, length=None, **{"Transfer-Encoding": "chunked"}, **headers)
        else:
            if fault == SLOW:
                time.sleep(0.3)
            self._send(200, content, body, **headers)

    def _list(self, bucket, query, body):
        keys = sorted(name.partition("/")[2] for name in self.store.objects if name.startswith(f"{bucket}/"))
        if not keys:
            return self._send(404, b"<Error><Code>NoSuchBucket</Code></Error>", body)
        keys = [key for key in keys if key.startswith(query.get("prefix", ""))]
        start = int(query.get("continuation-token", 0))
        page, more = keys[start : start + self.store.page], len(keys) > start + self.store.page
        contents = "".join(self._entry(key, self.store.objects[f"{bucket}/{key}"], query) for key in page)
        token = f"<NextContinuationToken>{start + len(page)}</NextContinuationToken>" if more else ""
        encoding = "<EncodingType>url</EncodingType>" if "encoding-type" in query else ""
        answer = f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>{encoding}{token}{contents}"
        return self._send(200, f"{answer}</ListBucketResult>".encode(), body)

    def _entry(self, key, content, query):
        etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
        shown = quote(key) if "encoding-type" in query else escape(key)
        return (
            f"<Contents><Key>{shown}</Key><Size>{len(content)}</Size><ETag>&quot;{etag}&quot;</ETag>"
            f"<LastModified>{time.strftime('%Y-%m-%dT%H:%M:%S.123Z', time.gmtime(WHEN))}</LastModified></Contents>"
        )

    def _send(self, status, content, body, length=-1, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if length is not None:
            self.send_header("Content-Length", str(len(content) if length < 0 else length))
        self.end_headers()
        if body:
            self.wfile.write(content)
