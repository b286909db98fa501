"""Fetch one file over HTTPS, with a limit."""

from __future__ import annotations

import http.client
import urllib.request

from elman.errors import FileError

_TIMEOUT = 30.0
_CHUNK = 2**16


class _OnlyHttps(urllib.request.HTTPRedirectHandler):
    """Follow a redirect only to HTTPS."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        _check_scheme(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _check_scheme(url: str) -> None:
    if not url.startswith("https://"):
        raise FileError(f"{url} is not an https address; only https is used.")


def download(url: str, limit: int, *, advice: str = "") -> bytes:
    """Return the content of an HTTPS address of at most ``limit`` bytes.

    Parameters
    ----------
    url : str
        Address beginning with ``https://``.
    limit : int
        Most bytes to read; more raise FileError.
    advice : str, optional
        To do when there is no network; the end of the message.

    Returns
    -------
    bytes
        The body.
    """
    _check_scheme(url)
    opener = urllib.request.build_opener(_OnlyHttps)
    received = bytearray()
    try:
        with opener.open(urllib.request.Request(url, headers={"User-Agent": "elman"}), timeout=_TIMEOUT) as answer:  # noqa: S310  # https only
            while piece := answer.read(_CHUNK):
                received += piece
                if len(received) > limit:
                    raise FileError(f"{url} gives more than {limit} bytes, the limit for this file. {advice}".strip())
    except FileError:
        raise
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise FileError(f"cannot download {url}: {reason}. {advice}".strip()) from error
    return bytes(received)
