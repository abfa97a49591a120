from __future__ import annotations

import gzip
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from PIL import Image

from cnnlab.data import file_table
from cnnlab.data.content import Contents, content
from cnnlab.data.dataset import open_dataset
from cnnlab.data.entry import Entry
from cnnlab.data.file_table import FileChanges, FileTable
from cnnlab.data.images import MAX_FILE
from cnnlab.data.source import Source
from cnnlab.data.sources.fashion_mini import FashionMini
from cnnlab.data.sources.folder import Folder
from cnnlab.data.sources.mnist import Mnist
from cnnlab.data.sources.synthetic import Synthetic


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two classes of four images each, old enough for their times to tell when they are changed."""
    root = tmp_path / "photos"
    for label, name in enumerate(("cat", "dog")):
        (root / name).mkdir(parents=True)
        for number in range(4):
            Image.new("RGB", (8, 8), (40 * number, 90 * label, 0)).save(root / name / f"{number}.bmp")
    return root


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(file_table, "SETTLING", 0)  # tests have no two seconds
    monkeypatch.setenv("CNNLAB_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read to be hashed."""
    names: list[str] = []
    hashed = file_table._hashed

    def noted(path: Path, largest: int | None) -> tuple[file_table.Stat, str]:
        names.append(path.name)
        return hashed(path, largest)

    monkeypatch.setattr(file_table, "_hashed", noted)
    return names


def folder(root: Path, **settings: object) -> Folder:
    return Folder(dir=str(root), shape=(3, 8, 8), **settings)  # type: ignore[arg-type]


def repaint(file: Path) -> None:
    """Change a pixel; size and mtime stay what they were."""
    about = file.stat()
    raw = bytearray(file.read_bytes())
    raw[-1] ^= 255
    time.sleep(0.02)  # a tick of the clock that ctime is taken from
    file.write_bytes(raw)
    os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (about.st_size, about.st_mtime_ns)


def settle() -> None:
    time.sleep(0.02)


# -- what changes a digest


def test_removing_adding_or_renaming_an_image_changes_the_digest(photos: Path, cache: Path) -> None:
    digests = [content(folder(photos)).digest]
    (photos / "cat" / "0.bmp").unlink()
    digests.append(content(folder(photos)).digest)
    (photos / "dog" / "0.bmp").rename(photos / "cat" / "0.bmp")
    digests.append(content(folder(photos)).digest)
    (photos / "dog" / "1.bmp").rename(photos / "dog" / "9.bmp")
    digests.append(content(folder(photos)).digest)
    assert len(set(digests)) == 4


def test_a_moved_folder_is_the_same_data(photos: Path, cache: Path) -> None:
    before = content(folder(photos)).digest
    photos.rename(photos.with_name("elsewhere"))
    assert content(folder(photos.with_name("elsewhere"))).digest == before


def test_what_is_no_image_of_the_data_set_does_not_count(photos: Path, cache: Path) -> None:
    before = content(folder(photos)).digest
    (photos / "notes.txt").write_text("a")
    (photos / "cat" / ".DS_Store").write_text("b")
    assert content(folder(photos)).digest == before


def test_a_changed_pixel_is_noticed_although_size_and_mtime_are_what_they_were(photos: Path, cache: Path) -> None:
    settle()
    before = content(folder(photos)).digest
    repaint(photos / "dog" / "3.bmp")
    after = content(folder(photos))
    assert after.digest != before
    assert after.remarks == (
        f"the images of {photos} have changed since they were last read: 1 changed (dog/3.bmp)",
    )  # fmt: skip


def test_an_image_exchanged_for_another_of_its_size_and_time_is_noticed(photos: Path, cache: Path) -> None:
    settle()
    before = content(folder(photos)).digest
    a, b = photos / "dog" / "1.bmp", photos / "dog" / "2.bmp"
    os.utime(b, ns=(a.stat().st_atime_ns, a.stat().st_mtime_ns))
    settle()
    before = content(folder(photos)).digest
    a.rename(photos / "x"), b.rename(a), (photos / "x").rename(b)
    assert content(folder(photos)).digest != before


def test_names_count_in_unicodes_composed_form() -> None:
    composed, decomposed = (FileTable((name,), (file_table.UNSETTLED,), ("0",)) for name in ("\u00e9", "e\u0301"))
    assert composed.names != decomposed.names
    assert composed.digest == decomposed.digest


def test_names_that_are_no_utf8_are_hashed_and_kept(photos: Path, cache: Path) -> None:
    os.rename(photos / "cat" / "0.bmp", os.fsencode(photos / "cat") + b"/\xff.bmp")
    settle()
    before = content(folder(photos))
    assert content(folder(photos)) == before


# -- what is worked out once


def test_unchanged_files_are_not_read_again(photos: Path, cache: Path, reads: list[str]) -> None:
    settle()
    before = content(folder(photos)).digest
    assert len(reads) == 8
    reads.clear()
    assert content(folder(photos, batch_size=3)).digest == before
    assert reads == []
    repaint(photos / "cat" / "2.bmp")
    content(folder(photos))
    assert reads == ["2.bmp"]


def test_a_touched_file_is_read_again_and_is_the_same(photos: Path, cache: Path, reads: list[str]) -> None:
    settle()
    before = content(folder(photos)).digest
    reads.clear()
    (photos / "cat" / "2.bmp").touch()
    settle()
    assert content(folder(photos)) == content(folder(photos))
    assert content(folder(photos)).digest == before
    assert content(folder(photos)).remarks == ()
    assert reads == ["2.bmp"]


def test_a_file_that_was_changed_just_before_it_was_read_is_read_once_more(
    photos: Path, cache: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_table, "SETTLING", 10**12)
    content(folder(photos))
    content(folder(photos))
    assert len(reads) == 16


def test_a_file_dated_in_the_future_is_not_read_again_for_that(photos: Path, cache: Path, reads: list[str]) -> None:
    os.utime(photos / "cat" / "0.bmp", (4e9, 4e9))
    settle()
    content(folder(photos))
    reads.clear()
    content(folder(photos))
    assert reads == []


@pytest.mark.parametrize("written", ["", "{", "[]", "null", '{"version":1}', "[" * 100_000, "hostile"])
def test_a_damaged_table_is_passed_by(photos: Path, cache: Path, written: str) -> None:
    settle()
    before = content(folder(photos)).digest
    (file,) = (cache / "digests").glob("*/*.json")
    known = json.loads(file.read_text())
    hostile = [known | {"names": 3}, known | {"sizes": known["sizes"][1:]}, known | {"mtimes": [True] * 8}]
    for text in map(json.dumps, hostile) if written == "hostile" else [written]:
        file.write_text(text)
        again = content(folder(photos))
        assert (again.digest, again.remarks) == (before, ())
        assert json.loads(file.read_text())["digest"] == before


def test_where_nothing_can_be_kept_that_is_said_in_one_line(
    photos: Path, tmp_path: Path, cache: Path, reads: list[str]
) -> None:
    (tmp_path / "file").write_text("")
    settings = folder(photos, cache_dir=str(tmp_path / "file" / "below"))
    found = [content(settings), content(settings)]
    assert len(reads) == 16
    assert found[0].remarks == (
        f"the digest of the images of {photos} is worked out anew each time: {tmp_path / 'file' / 'below'} "
        "cannot be written to (not a directory); data.cache_dir names another folder",
    )
    assert found[0].digest == found[1].digest == content(folder(photos)).digest


def test_of_a_place_a_few_states_are_kept(photos: Path, cache: Path) -> None:
    for number in range(12):
        (photos / "cat" / f"more{number}.bmp").write_bytes(bytes([number]))
        content(folder(photos))
    assert len(list((cache / "digests").glob("*/*.json"))) == 8


def test_two_processes_that_keep_a_digest_at_once_leave_one_sound_file(photos: Path, cache: Path) -> None:
    settle()
    pids = []
    for _ in range(4):
        if not (pid := os.fork()):
            for _ in range(20):
                content(folder(photos, cache_dir=str(cache)))
                (photos / "cat" / "0.bmp").touch()
            os._exit(0)
        pids.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0] * 4
    (folder_of_place,) = (cache / "digests").iterdir()
    (file,) = folder_of_place.iterdir()
    assert json.loads(file.read_text())["digest"] == content(folder(photos)).digest


def test_a_command_works_a_digest_out_once(photos: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Source] = []
    monkeypatch.setattr("cnnlab.data.content.content", lambda source: calls.append(source) or content(source))
    contents = Contents()
    of = {contents.of(folder(photos, **more)).digest for more in ({}, {"batch_size": 4}, {"subset": 2, "size": 8})}
    assert len(of) == len(calls) == 1
    contents.of(folder(photos / ".." / "photos"))
    assert len(calls) == 1


# -- what differs, by name


def table(**hashes: str) -> FileTable:
    return FileTable(tuple(hashes), (file_table.UNSETTLED,) * len(hashes), tuple(hashes.values()))


def test_what_differs_is_told_by_name() -> None:
    old = table(a="1", b="2", c="3", d="4", e="5")
    assert str(FileChanges.between(old, table(a="1", b="x", d="4", f="5", g="6"))) == (
        "1 removed (c), 1 added (g), 1 renamed (f), 1 changed (b)"
    )
    assert str(FileChanges.between(old, table(e="5"))) == "4 removed (a, b, c and 1 more)"
    assert str(FileChanges.between(old, old)) == ""


# -- other sources


def test_sources_without_files_of_the_users_have_a_digest_without_a_cache(cache: Path) -> None:
    shipped = FashionMini(shape=(1, 28, 28), classes=10)
    made_up = [Synthetic(shape=(1, 8, 8), classes=2, samples=count) for count in (10, 11)]
    assert len({content(source).digest for source in (shipped, *made_up)}) == 3
    assert not cache.exists()


def test_the_same_images_in_another_form_of_file_are_the_same_data(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = np.arange(4 * 784).reshape(4, 28, 28).astype(np.uint8), np.arange(4).astype(np.uint8) % 2
    for name, pack in (("plain", bytes), ("packed", gzip.compress)):
        (tmp_path / name).mkdir()
        for part in ("train", "t10k"):
            for kind, array in (("images-idx3", x), ("labels-idx1", y)):
                head = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
                file = tmp_path / name / f"{part}-{kind}-ubyte{'' if pack is bytes else '.gz'}"
                file.write_bytes(pack(head + array.tobytes()))
    plain, packed = (Mnist(dir=str(tmp_path / name), shape=(1, 28, 28), classes=2) for name in ("plain", "packed"))
    settle()
    assert content(plain).digest == content(packed).digest
    monkeypatch.setattr("cnnlab.data.dataset.checked_parts", None)  # not read again
    assert content(plain).digest == content(packed).digest


class Arrays(Source):
    """NumPy files; `flip` swaps the classes."""

    source: Literal["arrays"] = "arrays"  # type: ignore[assignment]
    flip: bool = False

    def entries(self) -> Iterator[Entry]:
        for file in sorted(Path(self.dir or "").glob("*/*.npy")):
            label = "ab"["ba".index(file.parent.name)] if self.flip else file.parent.name
            yield Entry(f"{file.parent.name}/{file.name}", label)

    def image(self, entry: Entry) -> np.ndarray:
        return np.load(Path(self.dir or "") / entry.key)


class Drawn(Source):
    """Arrays that come from nowhere."""

    source: Literal["drawn"] = "drawn"  # type: ignore[assignment]
    level: int = 0

    def entries(self) -> Iterator[Entry]:
        yield from (Entry(str(number), "ab"[number % 2]) for number in range(8))

    def image(self, entry: Entry) -> np.ndarray:
        return np.full((1, 4, 4), self.level + int(entry.key), np.uint8)


def test_a_source_of_ones_own_is_known_by_the_files_and_the_labels_of_its_entries(
    tmp_path: Path, cache: Path, reads: list[str]
) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        for number in range(4):
            np.save(tmp_path / name / f"{number}.npy", np.full((1, 4, 4), number, np.uint8))
    settle()
    plain, flipped = (Arrays(dir=str(tmp_path), shape=(1, 4, 4), classes=2, flip=flip) for flip in (False, True))
    assert content(plain).digest != content(flipped).digest
    reads.clear()
    assert content(plain).files == content(plain).files
    assert reads == []
    assert open_dataset(plain).digest_as_read is None


def test_a_source_that_names_no_files_is_known_by_what_it_reads(cache: Path) -> None:
    low, high = (Drawn(shape=(1, 4, 4), classes=2, level=level) for level in (0, 1))
    assert content(low).digest == open_dataset(low).digest_as_read != content(high).digest
    assert not cache.exists()


# -- files that are hostile or only unlucky


def test_a_file_too_large_to_be_an_image_is_not_read(photos: Path, cache: Path) -> None:
    assert folder(photos).largest_file == MAX_FILE
    before = content(folder(photos)).digest
    with (photos / "cat" / "huge.bmp").open("wb") as file:
        file.truncate(1 << 42)
    started = time.monotonic()
    assert content(folder(photos)).digest != before
    assert time.monotonic() - started < 2


def test_a_file_that_cannot_be_read_is_told_apart_from_one_that_can(photos: Path, cache: Path) -> None:
    name, before = photos / "cat" / "0.bmp", content(folder(photos)).digest
    name.unlink()
    name.symlink_to(photos / "nowhere")
    tables = [file_table.read_table([("0.bmp", name)], None), file_table.read_table([("0.bmp", photos)], None)]
    assert [found.stats[0] for found in tables] == [file_table.UNSETTLED] * 2
    assert tables[0].hashes == ("cannot be read (2)",)
    assert content(folder(photos)).digest != before
