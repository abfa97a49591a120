"""Mirrors cnnlab/data/sources/cifar.py and cifar_pickle.py, with small archives in the published formats."""

import gzip
import io
import os
import pickle
import struct
import tarfile

import numpy as np
import pytest

from cnnlab.data.dataset import open_dataset
from cnnlab.data.sources import SOURCES, cifar
from cnnlab.data.sources.cifar import BINARY_10, BINARY_100, PYTHON_10, PYTHON_100
from cnnlab.errors import UserError

PIXELS = (np.arange(60 * 3072) * 7 % 251).astype(np.uint8).reshape(60, 3072)
LABELS = np.arange(60) % 10


class Python2:
    """Pickles as cPickle of Python 2 did with protocol 2, which is what the published files are."""

    def __init__(self, value):
        self.out = b"\x80\x02" + self.one(value) + b"."

    def one(self, value):
        match value:
            case bytes() if len(value) < 256:
                return b"U" + bytes([len(value)]) + value
            case bytes():
                return b"T" + struct.pack("<i", len(value)) + value
            case int():
                return b"J" + struct.pack("<i", value)
            case list():
                return b"](" + b"".join(map(self.one, value)) + b"e"
            case dict():
                return b"}(" + b"".join(self.one(part) for pair in value.items() for part in pair) + b"u"
            case np.ndarray():
                dtype = b"cnumpy\ndtype\n(U\x02u1K\x00K\x01tR(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
                shape = b"(" + b"".join(map(self.one, value.shape)) + b"t"
                start = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR"
                return start + b"(K\x01" + shape + dtype + b"\x89" + self.one(value.tobytes()) + b"tb"
        raise TypeError(value)


def python2(value):
    return Python2(value).out


def batch(form, part, pack=python2):
    x, y = PIXELS[part], LABELS[part].tolist()
    if isinstance(form.label, int):
        label = np.array(y, np.uint8)[:, None]
        return np.hstack([*([label // 2] if form.head == 2 else []), label, x]).tobytes()
    names = [f"{i}.png".encode() for i in range(len(y))]
    extra = {b"coarse_labels": [0] * len(y)} if form is PYTHON_100 else {b"batch_label": b"a batch"}
    return pack({**extra, form.label: y, b"data": x, b"filenames": names})


def contents(form, pack=python2):
    step = 50 // len(form.train)
    files = {name: batch(form, slice(i * step, (i + 1) * step), pack) for i, name in enumerate(form.train)}
    return {**files, form.test[0]: batch(form, slice(50, 60), pack), "readme.html": b"<p>"}


def archive(folder, form, files, prefix=None):
    path = folder / form.archive.name
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{prefix or form.folder}/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def settings(folder, source="cifar10", **change):
    classes = change.pop("classes", 10 if source == "cifar10" else 100)
    return SOURCES[source](dir=str(folder), shape=(3, 32, 32), classes=classes, download=False)


def message(settings):
    with pytest.raises(UserError) as caught:
        settings.read()
    return str(caught.value)


EVERY = pytest.mark.parametrize("form", [PYTHON_10, BINARY_10, PYTHON_100, BINARY_100], ids=lambda f: f.archive.name)


def check(parts):
    assert np.array_equal(parts.train.x.numpy().reshape(50, 3072), PIXELS[:50])
    assert parts.train.y.tolist() == LABELS[:50].tolist()
    assert np.array_equal(parts.test.x.numpy(), PIXELS[50:].reshape(10, 3, 32, 32))
    assert parts.test.y.tolist() == LABELS[50:].tolist()


def source_of(form):
    return "cifar10" if form in (PYTHON_10, BINARY_10) else "cifar100"


@EVERY
def test_a_published_archive_is_read_without_being_unpacked(tmp_path, form):
    archive(tmp_path, form, contents(form))
    check(settings(tmp_path, source_of(form)).read())
    assert [path.name for path in tmp_path.iterdir()] == [form.archive.name]


@EVERY
@pytest.mark.parametrize("inside", [False, True])
def test_an_unpacked_archive_is_read_from_its_folder_or_the_one_above(tmp_path, form, inside):
    (tmp_path / form.folder).mkdir()
    for name, content in contents(form).items():
        (tmp_path / form.folder / name).write_bytes(content)
    check(settings(tmp_path / form.folder if inside else tmp_path, source_of(form)).read())


@pytest.mark.parametrize("protocol", [2, 4])
def test_pickles_of_todays_python_and_numpy_are_read_too(tmp_path, protocol):
    archive(tmp_path, PYTHON_10, contents(PYTHON_10, lambda value: pickle.dumps(value, protocol)))
    check(settings(tmp_path).read())


def test_the_number_of_classes_is_checked(tmp_path):
    archive(tmp_path, BINARY_100, contents(BINARY_100))
    with pytest.raises(UserError) as caught:
        open_dataset(settings(tmp_path, "cifar100"), 0)
    assert str(caught.value) == "data.classes: the files of cifar100 have 10 classes, not 100"


class Evil:
    def __init__(self, call, *args):
        self.call = call, args

    def __reduce__(self):
        return self.call


def refused(tmp_path, content):
    archive(tmp_path, PYTHON_10, {**contents(PYTHON_10), "test_batch": content})
    start = f"data.dir: {tmp_path}/cifar-10-python.tar.gz:cifar-10-batches-py/test_batch is not as published: "
    text = message(settings(tmp_path))
    assert text.startswith(start)
    return text.removeprefix(start)


def test_a_pickle_that_would_run_something_is_refused_and_nothing_runs(tmp_path):
    evil = pickle.dumps({b"data": Evil(os.mkdir, str(tmp_path / "owned"))}, 2)
    assert refused(tmp_path, evil) == "it asks for posix.mkdir"
    for call in (eval, getattr, np.load):
        assert refused(tmp_path, pickle.dumps(Evil(call, "x"), 4)).startswith("it asks for ")
    assert not (tmp_path / "owned").exists()


def array_pickle(shape, raw, name=b"u1"):
    whole = python2({b"labels": [0], b"data": np.zeros((1, 3072), np.uint8)})
    old = Python2(0).one(np.zeros((1, 3072), np.uint8))
    new = old.replace(b"J" + struct.pack("<i", 1) + b"J" + struct.pack("<i", 3072), shape).replace(b"u1", name)
    return whole.replace(old, new.replace(bytes(3072), raw))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is a broken pickle"),
        (b"not a pickle", "it is a broken pickle"),
        (python2({b"data": PIXELS})[:-5], "it is a broken pickle"),
        (pickle.dumps([1, 2]), "it has no array of 3072 pixels an image"),
        (python2({b"labels": [1], b"data": PIXELS[:1, :99]}), "it has no array of 3072 pixels an image"),
        (python2({b"labels": [1, 2], b"data": PIXELS[:1]}), "it has no list of 1 labels"),
        (python2({b"labels": [300], b"data": PIXELS[:1]}), "it has no list of 1 labels"),
        (python2({b"labels": [b"1"], b"data": PIXELS[:1]}), "it has no list of 1 labels"),
        (python2({b"labels": [1]}), "it has no array of 3072 pixels an image"),
        (array_pickle(b"J\x01\0\0\0J\0\0\0\x7f", bytes(3072)), "an array of shape (1, 2130706432) with 3072 bytes"),
        (array_pickle(b"J\x01\0\0\0J\0\x0c\0\0", bytes(3072), b"O8"), "an array that is not of uint8"),
        (pickle.dumps({b"data": np.zeros((1, 3072), np.float32)}, 2), "an array that is not of uint8"),
        (b"\x80\x02]r\xff\xff\xff\x7f.", "it has no array of 3072 pixels an image"),
        (pickle.dumps({b"data": {1, 2}}, 4), "a set where plain values are expected"),
    ],
    ids=range(14),
)
def test_a_pickle_that_is_broken_or_holds_something_else_is_refused(tmp_path, content, reason):
    assert refused(tmp_path, content) == reason


def test_the_stand_ins_for_arrays_cannot_be_told_to_do_anything_else(tmp_path):
    assert refused(tmp_path, b"\x80\x02cnumpy\nndarray\n(K\x01tR.") == "it is a broken pickle"
    assert refused(tmp_path, b"\x80\x02cnumpy\nndarray\n)R.") == "a Array where plain values are expected"
    assert refused(tmp_path, b"\x80\x02c_codecs\nencode\n(U\x01aU\x01btR.") == "it is a broken pickle"


def test_binary_records_that_do_not_fit_are_refused(tmp_path):
    path = archive(tmp_path, BINARY_10, {**contents(BINARY_10), "test_batch.bin": bytes(3072)})
    place = f"{path}:cifar-10-batches-bin/test_batch.bin"
    text = f"data.dir: {place} is not as published: 3072 bytes are no whole number of records of 3073"
    assert message(settings(tmp_path)) == text


def test_an_archive_that_lacks_files_names_them(tmp_path):
    files = contents(BINARY_10)
    del files["data_batch_2.bin"], files["data_batch_5.bin"]
    path = archive(tmp_path, BINARY_10, files)
    assert message(settings(tmp_path)) == f"data.dir: {path} lacks data_batch_2.bin, data_batch_5.bin"


def test_members_that_climb_out_or_are_links_reach_nothing(tmp_path):
    path = archive(tmp_path, BINARY_10, contents(BINARY_10), prefix="../../..")
    check(settings(tmp_path).read())
    with tarfile.open(path, "w:gz") as tar:
        for name in (*BINARY_10.train, *BINARY_10.test):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            tar.addfile(link)
    assert message(settings(tmp_path)).startswith(f"data.dir: {path} lacks data_batch_1.bin, ")


def test_a_cut_or_foreign_archive_is_refused(tmp_path):
    path = archive(tmp_path, BINARY_10, contents(BINARY_10))
    path.write_bytes(path.read_bytes()[:-100])
    ended = "Compressed file ended before the end-of-stream marker was reached"
    assert message(settings(tmp_path)) == f"data.dir: {path} cannot be read: {ended}"
    path.write_bytes(b"<html>")
    assert message(settings(tmp_path)) == f"data.dir: {path} cannot be read: Not a gzipped file (b'<h')"


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(cifar.Bounded, "left", 1 << 20)
    path = archive(tmp_path, BINARY_10, {"huge": bytes(2 << 20), **contents(BINARY_10)})
    assert message(settings(tmp_path)) == f"data.dir: {path} cannot be read: it unpacks to more than 268435456 bytes"


def test_a_header_that_claims_a_huge_member_is_refused(tmp_path):
    member = tarfile.TarInfo("data_batch_1.bin")
    member.size = 10**12
    path = tmp_path / BINARY_10.archive.name
    path.write_bytes(gzip.compress(member.tobuf() + bytes(3073)))
    assert message(settings(tmp_path)).startswith(f"data.dir: {path}:data_batch_1.bin is not as published: 0 bytes")
    path.write_bytes(gzip.compress(member.tobuf(tarfile.GNU_FORMAT) + bytes(3073)))
    assert message(settings(tmp_path)) == f"data.dir: {path} cannot be read: it is damaged, or no tar archive"
    member.size = 10**9
    path.write_bytes(gzip.compress(member.tobuf() + bytes(3073)))
    assert "data_batch_1.bin claims 1,000,000,000 bytes; 41,943,040 are the most" in message(settings(tmp_path))


def test_without_files_the_archive_is_asked_for(tmp_path):
    assert message(settings(tmp_path)) == (
        "data.dir: cifar-10-binary.tar.gz is not on this machine, and downloads are off (data.download=false)\n"
        f"    looked in: {tmp_path}\n"
        f"    by hand: put https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz into {tmp_path}, "
        "or say with data.dir=FOLDER where it lies"
    )
