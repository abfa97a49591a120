"""Mirrors cnnlab/data/download.py, against a server on this machine that can be told to misbehave."""

import hashlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cnnlab.data import download as module
from cnnlab.data.download import Broken, Remote, download, obtain
from cnnlab.errors import UserError

CONTENT = bytes(range(256)) * 1000
REMOTE = Remote("file.gz", len(CONTENT), hashlib.md5(CONTENT).hexdigest())


class Server(ThreadingHTTPServer):
    daemon_threads = True
    content, ranges, breaks, silent = CONTENT, True, [], False
    """`breaks`: after how many bytes each of the next answers stops"""

    def handle_error(self, *_):  # the client hangs up when it has seen enough
        pass


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def do_GET(self):
        server, asked = self.server, self.headers["Range"]
        server.asked.append(asked)
        if server.silent:
            server.released.wait(20)
            return
        if self.path != "/file.gz":
            return self.send_error(404)
        first = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and server.ranges else 0
        body = server.content[first:]
        self.send_response(206 if first else 200)
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(server.content) - 1}/{len(server.content)}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: server.breaks.pop(0)] if server.breaks else body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server(("127.0.0.1", 0), Handler) as server:
        server.asked, server.breaks, server.released = [], [], threading.Event()
        server.url = f"http://127.0.0.1:{server.server_port}/"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


def reason(*args):
    with pytest.raises(Broken) as caught:
        download(*args)
    return str(caught.value)


def test_a_file_is_fetched_and_gets_its_name_at_the_end(server, tmp_path):
    assert download(REMOTE, server.url, tmp_path / "new").read_bytes() == CONTENT
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["file.gz"]


def test_a_transfer_that_breaks_is_resumed_where_it_broke(server, tmp_path):
    server.breaks = [100_000, 50_000]
    assert download(REMOTE, server.url, tmp_path).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=100000-", "bytes=150000-"]


def test_what_an_earlier_process_left_is_resumed(server, tmp_path):
    (tmp_path / "file.gz.part").write_bytes(CONTENT[:1000])
    assert download(REMOTE, server.url, tmp_path).read_bytes() == CONTENT
    assert server.asked == ["bytes=1000-"]


def test_a_server_without_ranges_sends_all_of_it_again(server, tmp_path):
    server.ranges, server.breaks = False, [100_000]
    assert download(REMOTE, server.url, tmp_path).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=100000-"]


def test_a_server_that_sends_nothing_more_ends_it_and_what_came_is_kept(server, tmp_path):
    server.breaks = [100_000, 0]
    assert reason(REMOTE, server.url, tmp_path) == "it broke off after 100000 of 256000 bytes"
    assert (tmp_path / "file.gz.part").stat().st_size == 100_000


def test_a_server_without_ranges_that_always_breaks_ends_it_too(server, tmp_path):
    server.ranges, server.breaks = False, [100_000] * 50
    assert reason(REMOTE, server.url, tmp_path) == "it broke off after 100000 of 256000 bytes"
    assert len(server.asked) == 2


def test_a_wrong_checksum_is_refused_and_not_kept(server, tmp_path):
    server.content = CONTENT[::-1]
    found = hashlib.md5(server.content).hexdigest()
    assert (
        reason(REMOTE, server.url, tmp_path)
        == f"its MD5 is {found}, not {REMOTE.md5}: the file was damaged or replaced"
    )
    assert [path.stat().st_size for path in tmp_path.iterdir()] == [0]
    server.content = CONTENT
    assert download(REMOTE, server.url, tmp_path).read_bytes() == CONTENT


def test_more_than_the_published_size_is_not_read(server, tmp_path):
    server.content = CONTENT * 4
    assert reason(REMOTE, server.url, tmp_path) == "it is longer than its 256000 bytes"
    assert [path.stat().st_size for path in tmp_path.iterdir()] == [0]


def test_a_missing_file_is_the_servers_own_words(server, tmp_path):
    assert reason(Remote("other.gz", 9, ""), server.url, tmp_path) == "404 Not Found"


def test_two_processes_do_not_mix_their_bytes(server, tmp_path):
    threads = [threading.Thread(target=download, args=(REMOTE, server.url, tmp_path)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "file.gz").read_bytes() == CONTENT
    assert server.asked == [None]


def test_a_silent_server_is_waited_for_no_longer_than_our_patience(server, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.2)
    server.silent = True
    assert reason(REMOTE, server.url, tmp_path) == "timed out"
    assert len(server.asked) == 1


def test_a_silent_name_server_is_waited_for_no_longer_than_our_patience(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.2)
    monkeypatch.setattr(module, "getproxies", dict)
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: released.wait(20))
    assert reason(REMOTE, "http://somewhere.example/", tmp_path) == "no answer from the name server"
    released.set()


def test_offline_the_user_is_told_what_was_tried_and_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "getproxies", dict)
    monkeypatch.setattr(socket, "getaddrinfo", offline)
    with pytest.raises(UserError) as caught:
        obtain(REMOTE, "http://somewhere.example/", tmp_path, [tmp_path, tmp_path / "raw"], allowed=True)
    assert str(caught.value) == (
        "data.dir: file.gz is not on this machine, and it could not be downloaded from http://somewhere.example/ "
        "([Errno -2] Name or service not known)\n"
        f"    looked in: {tmp_path}, {tmp_path}/raw\n"
        f"    by hand: put http://somewhere.example/file.gz into {tmp_path}, or say with data.dir=FOLDER where it lies"
    )


def offline(*_):
    raise socket.gaierror(-2, "Name or service not known")
