from __future__ import annotations

import http.server
import socket
import threading

import pytest

from elman.datasets import download as module
from elman.datasets.download import download
from elman.errors import FileError


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "ftp://example.org/file")
            self.end_headers()
            return
        if self.path == "/cut":
            self.send_response(200)
            self.send_header("Content-Length", "10")
            self.end_headers()
            self.wfile.write(b"four")
            return
        self.send_response(404 if self.path == "/gone" else 200)
        self.end_headers()
        self.wfile.write(b"0123456789" * 1000)

    def log_message(self, *args):
        """Stay silent."""


@pytest.fixture
def server(monkeypatch):
    """A server on this machine; the tests allow http to it alone."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{running.server_port}"
        real = module._check_scheme
        monkeypatch.setattr(module, "_check_scheme", lambda url: None if url.startswith(address) else real(url))
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yield address
        running.shutdown()
        thread.join()


def test_the_body_comes_whole(server):
    assert download(f"{server}/file", 10_000) == b"0123456789" * 1000


def test_more_than_the_limit_is_refused(server):
    with pytest.raises(FileError, match=r"/file gives more than 9999 bytes, the limit for this file. Copy it.$"):
        download(f"{server}/file", 9_999, advice="Copy it.")


def test_an_error_names_the_reason_and_what_to_do(server):
    with pytest.raises(FileError, match=r"cannot download .*/gone: Not Found. Copy it."):
        download(f"{server}/gone", 100, advice="Copy it.")


def test_a_redirect_may_not_leave_https(server):
    with pytest.raises(FileError, match=r"ftp://example.org/file is not an https address"):
        download(f"{server}/away", 100)


def test_plain_http_and_files_are_refused():
    with pytest.raises(FileError, match=r"http://example.org/x is not an https address; only https is used"):
        download("http://example.org/x", 100)
    with pytest.raises(FileError, match=r"is not an https address"):
        download("file:///etc/hostname", 100)


def test_no_network_is_an_error_that_says_what_to_do(monkeypatch):
    def refuse(*_args, **_more):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    for variable in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(FileError, match=r"cannot download https://example.org/x: .*Name or service not known. Copy it."):
        download("https://example.org/x", 100, advice="Copy it.")
