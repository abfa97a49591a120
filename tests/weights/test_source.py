"""Mirrors cnnlab/weights/source.py, against a server on this machine."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cnnlab.errors import UserError
from cnnlab.weights import source
from cnnlab.weights.source import Published, content, locate, published

CONTENT = bytes(range(256)) * 5000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
FILE = f"net-{SHA256[:8]}.pth"
NAME = "torchvision/net"


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that is served where published files are looked for; one network is published."""
    folder = tmp_path / "published"
    folder.mkdir()
    (folder / FILE).write_bytes(CONTENT)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(source, "published", lambda: {NAME: Published(FILE, round(len(CONTENT) / 2**20, 3))})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder))) as serving:
        monkeypatch.setattr(source, "URL", f"http://127.0.0.1:{serving.server_port}/")
        thread = threading.Thread(target=serving.serve_forever, args=(0.01,))
        thread.start()
        yield folder
        serving.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("CNNLAB_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("TORCH_HOME", raising=False)
    return tmp_path / "cache"


def said(weights: str) -> str:
    with pytest.raises(UserError) as caught:
        locate(weights)
    return str(caught.value)


def test_a_name_is_downloaded_once(server: Path, home: Path) -> None:
    file = locate(NAME)
    assert file == home / "cnnlab" / "weights" / FILE
    assert file.read_bytes() == CONTENT
    (server / FILE).unlink()
    assert locate(NAME) == file
    assert content(NAME) == SHA256


def test_what_torch_itself_has_downloaded_is_taken(server: Path, home: Path) -> None:
    (server / FILE).unlink()
    hub = home / "torch" / "hub" / "checkpoints"
    hub.mkdir(parents=True)
    (hub / FILE).write_bytes(CONTENT)
    assert locate(NAME) == hub / FILE


def test_a_damaged_file_is_told_wherever_it_lies(server: Path, home: Path) -> None:
    (server / FILE).write_bytes(CONTENT[:-1] + b"x")
    assert f"not {SHA256[:8]}: the file was damaged or replaced" in said(NAME)
    (server / FILE).write_bytes(CONTENT + bytes(4096))
    assert f"it has {len(CONTENT) + 4096} bytes there, not 1.221 · 2^20 as published" in said(NAME)
    (home / "cnnlab" / "weights" / FILE).write_bytes(CONTENT[1:])
    assert said(NAME).endswith(f"is damaged, or another file: its SHA-256 does not begin with {SHA256[:8]}")


def test_without_a_network_it_says_how_to_do_it_by_hand(
    server: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "URL", "http://127.0.0.1:9/")
    cache, hub = home / "cnnlab" / "weights", home / "torch" / "hub" / "checkpoints"
    assert said(NAME).splitlines() == [
        f"weights: {FILE} is not on this machine, and it could not be downloaded from http://127.0.0.1:9/ "
        "([Errno 111] Connection refused)",
        f"    looked in: {cache}, {hub}",
        f"    by hand: put http://127.0.0.1:9/{FILE} into {cache}, or say with weights=FILE where it lies",
    ]
    (server / FILE).unlink()


def test_a_file_that_is_not_there_any_more_is_told(server: Path) -> None:
    (server / FILE).unlink()
    assert "(404 File not found)" in said(NAME)


def test_what_is_no_file_and_no_name_is_told_with_what_was_meant(tmp_path: Path) -> None:
    assert (
        said("torchvision/resnt18") == "weights: there is no torchvision/resnt18; did you mean 'torchvision/resnet18'?"
    )
    assert said("xyz.pt") == "weights: there is no xyz.pt"
    assert said(str(tmp_path)).endswith("has no checkpoint in it; name a run's folder or a .ckpt file")


def test_the_shipped_networks_are_published() -> None:
    assert published()["torchvision/resnet18"] == Published("resnet18-f37072fd.pth", 44.661)
    assert published()["torchvision/resnet18"].sha256 == "f37072fd"


def test_content_is_what_counts_not_the_place(tmp_path: Path) -> None:
    a, b = tmp_path / "a.pt", tmp_path / "b.pt"
    for file in (a, b):
        file.write_bytes(CONTENT)
    assert content(str(a)) == content(str(b)) == SHA256
    b.write_bytes(CONTENT[1:])
    assert content(str(b)) != SHA256
