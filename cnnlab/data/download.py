"""Fetches a file over HTTP: resumed where it broke, size and checksum verified before it gets its name."""

import hashlib
import http.client
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, getproxies, urlopen

from cnnlab.data.remote import Remote
from cnnlab.errors import Fault, UserError

try:
    import fcntl
except ImportError:  # Windows: two downloads at once are not kept apart there, the checksum finds out
    fcntl = None

LOG = logging.getLogger(__name__)

PATIENCE = 10.0
"""seconds to wait for an answer; offline, at most two such waits pass before the user is told"""

CHUNK = 1 << 16


class Broken(Exception):
    """The transfer stopped; what has arrived is kept."""


def obtain(remote: Remote, url: str, into: Path, looked: list[Path], allowed: bool) -> Path:
    """`remote` in the folder `into`, downloaded; UserError that says what was tried and how to do it by hand."""
    reason = "downloads are off (data.download=false)"
    if allowed:
        try:
            return download(remote, url, into)
        except (Broken, OSError) as error:
            reason = f"it could not be downloaded from {url} ({error})"
    message = (
        f"{remote.name} is not on this machine, and {reason}"
        f"\n    looked in: {', '.join(map(str, looked))}"
        f"\n    by hand: put {url}{remote.name} into {into}, or say with data.dir=FOLDER where it lies"
    )
    raise UserError(Fault("data.dir", message))


def download(remote: Remote, url: str, into: Path) -> Path:
    """Fetches and verifies; goes on after a break for as long as something arrives each time."""
    into.mkdir(parents=True, exist_ok=True)
    target, part = into / remote.name, into / f"{remote.name}.part"
    with part.open("ab") as file, _alone(file):
        if target.exists():  # another process was quicker, while this one waited
            return target
        LOG.info("downloading %s (%.1f MB) from %s into %s", remote.name, remote.size / 1e6, url, into)
        while file.tell() < remote.size:
            have = file.tell()
            try:
                _fetch(url + remote.name, file, remote.size)
            except Broken:
                if file.tell() == have:
                    raise
        file.flush()
        kind, published = ("MD5", remote.md5) if remote.md5 else ("SHA-256", remote.sha256)
        digest = digest_of(part, kind.replace("-", "").lower())[: len(published)]
        if digest != published:
            file.truncate(0)
            raise Broken(f"its {kind} is {digest}, not {published}: the file was damaged or replaced")
        part.replace(target)
    return target


@contextmanager
def _alone(file: BinaryIO) -> Iterator[None]:
    """Waits until no other process writes to the file; the lock ends with the process."""
    if fcntl:
        fcntl.flock(file, fcntl.LOCK_EX)
    file.seek(0, 2)
    yield


def _fetch(url: str, file: BinaryIO, size: int) -> None:
    """Appends the rest of the file; Broken where less or something else came."""
    have = file.tell()
    _resolve(url)
    request = Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        with urlopen(request, timeout=PATIENCE) as answer:
            if have and not _continues(answer, have):
                file.truncate(0)  # the server knows no ranges and sends all of it
                have = 0
            while block := answer.read(min(CHUNK, size - have + 1)):
                have += len(block)
                if have > size:
                    file.truncate(0)
                    raise Broken(f"it is longer than its {size} bytes")
                file.write(block)
    except HTTPError as error:
        error.close()
        raise Broken(f"{error.code} {error.reason}") from None
    except (OSError, http.client.HTTPException) as error:
        raise Broken(getattr(error, "reason", None) or error) from None
    if have < size:
        raise Broken(f"it broke off after {have} of {size} bytes")


def length(url: str) -> int:
    """How many bytes the server says that the file at `url` has. Raises Broken."""
    _resolve(url)
    try:
        with urlopen(Request(url, method="HEAD"), timeout=PATIENCE) as answer:
            return int(answer.headers["Content-Length"] or 0)
    except HTTPError as error:
        error.close()
        raise Broken(f"{error.code} {error.reason}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Broken(getattr(error, "reason", None) or error) from None


def _continues(answer: http.client.HTTPResponse, have: int) -> bool:
    return answer.status == 206 and (answer.headers["Content-Range"] or "").startswith(f"bytes {have}-")


def _resolve(url: str) -> None:
    """Asks for the host's address, no longer than PATIENCE: the system itself may wait for a minute."""
    if getproxies().get(urlsplit(url).scheme):
        return
    answers: list[object] = []

    def ask() -> None:
        try:
            answers.append(socket.getaddrinfo(urlsplit(url).hostname, None))
        except OSError as error:
            answers.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if not answers:
        raise Broken("no answer from the name server")
    if isinstance(answers[0], OSError):
        raise Broken(answers[0])


def digest_of(path: Path, kind: str) -> str:
    """A file's `md5` or `sha256`, in hex digits."""
    digest = hashlib.new(kind, usedforsecurity=False)  # MD5 is what publishers of data sets give
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
