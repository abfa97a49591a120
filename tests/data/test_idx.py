"""Mirrors cnnlab/data/idx.py and sources/mnist.py: good files, and every way in which they can be bad."""

import gzip
import tracemalloc

import numpy as np
import pytest

from cnnlab.data.dataset import open_dataset
from cnnlab.data.idx import read_idx
from cnnlab.data.sources.mnist import Mnist
from cnnlab.errors import UserError

IMAGES = np.arange(20 * 4 * 5, dtype=np.uint8).reshape(20, 4, 5)
LABELS = (np.arange(20) % 2).astype(np.uint8)


def idx(array, sizes=None, kind=8):
    sizes = sizes or array.shape
    return bytes([0, 0, kind, len(sizes)]) + b"".join(n.to_bytes(4, "big") for n in sizes) + array.tobytes()


def fill(folder, suffix=".gz", labels=LABELS):
    folder.mkdir(parents=True, exist_ok=True)
    pack = gzip.compress if suffix else bytes
    for part in ("train", "t10k"):
        (folder / f"{part}-images-idx3-ubyte{suffix}").write_bytes(pack(idx(IMAGES)))
        (folder / f"{part}-labels-idx1-ubyte{suffix}").write_bytes(pack(idx(labels)))
    return folder


def settings(dir=None, **change):
    return Mnist(**{"dir": dir and str(dir), "shape": (1, 4, 5), "classes": 2} | change)


def message(call, *args):
    with pytest.raises(UserError) as caught:
        call(*args)
    return str(caught.value)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_an_array_is_read_plain_or_packed(tmp_path, suffix):
    path = tmp_path / f"images{suffix}"
    path.write_bytes(gzip.compress(idx(IMAGES)) if suffix else idx(IMAGES))
    assert np.array_equal(read_idx(path, 3), IMAGES)


BAD = {
    "empty": (b"", "is not an IDX file of bytes with 3 axes"),
    "text": (b"<html>not found</html>", "is not an IDX file of bytes with 3 axes"),
    "floats": (idx(IMAGES, kind=0x0D), "is not an IDX file of bytes with 3 axes"),
    "labels": (idx(LABELS), "is not an IDX file of bytes with 3 axes"),
    "nothing": (idx(IMAGES[:0]), "holds nothing: a size in its header is 0"),
    "longer": (idx(IMAGES) + b"x", "goes on after the 400 bytes that its header claims"),
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_file_of_another_kind_is_refused(tmp_path, kind, suffix):
    content, reason = BAD[kind]
    path = tmp_path / f"images{suffix}"
    path.write_bytes(gzip.compress(content) if suffix else content)
    assert message(read_idx, path, 3) == f"data.dir: {path} {reason}"


def test_a_header_that_claims_more_than_the_file_holds_is_refused(tmp_path):
    path = tmp_path / "images"
    path.write_bytes(idx(IMAGES, (10_000, 10_000, 10_000)))
    claim = "claims 1000000000000 bytes of images, more than its 416 bytes can hold"
    assert message(read_idx, path, 3) == f"data.dir: {path} {claim}"
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(idx(IMAGES, (10_000, 10_000, 10_000))))
    assert f"claims 1000000000000 bytes of images, more than its {path.stat().st_size}" in message(read_idx, path, 3)


def test_a_cut_file_is_refused_plain_or_packed(tmp_path):
    path = tmp_path / "images"
    path.write_bytes(idx(IMAGES)[:-1])
    assert (
        message(read_idx, path, 3) == f"data.dir: {path} claims 400 bytes of images, more than its 415 bytes can hold"
    )
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(idx(IMAGES)[:-1]))
    assert message(read_idx, path, 3) == f"data.dir: {path} is cut off: 399 of 400 bytes are there"


def test_a_cut_or_damaged_packing_is_refused(tmp_path):
    path, packed = tmp_path / "images.gz", gzip.compress(idx(IMAGES))
    path.write_bytes(packed[:-20])
    ended = "Compressed file ended before the end-of-stream marker was reached"
    assert message(read_idx, path, 3) == f"data.dir: {path} cannot be read: {ended}"
    path.write_bytes(packed[:40] + bytes(20) + packed[60:])
    assert message(read_idx, path, 3).startswith(f"data.dir: {path} cannot be read: ")
    path.write_bytes(b"not gzip")
    assert message(read_idx, path, 3) == f"data.dir: {path} cannot be read: Not a gzipped file (b'no')"


def test_a_gzip_bomb_is_refused_without_being_unpacked(tmp_path):
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(idx(IMAGES) + bytes(100_000_000), 1))
    tracemalloc.start()
    try:
        assert message(read_idx, path, 3) == f"data.dir: {path} goes on after the 400 bytes that its header claims"
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("below", ["", "raw", "MNIST/raw"])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_the_four_files_are_found_in_the_given_folder_or_where_torchvision_puts_them(tmp_path, below, suffix):
    fill(tmp_path / below, suffix)
    parts = settings(tmp_path).read()
    assert np.array_equal(parts.train.x[:, 0].numpy(), IMAGES)
    assert parts.train.y.tolist() == LABELS.tolist()


def test_the_usual_places_are_looked_into(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CNNLAB_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    fill(tmp_path / "data/MNIST/raw")
    assert len(settings().read().train) == 20
    fill(tmp_path / "cache/cnnlab/mnist", labels=1 - LABELS)
    assert settings().read().train.y[0] == 1


def test_a_given_folder_that_is_not_there_is_a_fault(tmp_path):
    assert message(settings(tmp_path / "no").read) == f"data.dir: there is no directory {tmp_path / 'no'}"


def test_files_that_are_not_there_are_asked_for_by_name(tmp_path):
    assert message(settings(tmp_path, download=False).read) == (
        "data.dir: train-images-idx3-ubyte.gz is not on this machine, and downloads are off (data.download=false)\n"
        f"    looked in: {tmp_path}, {tmp_path}/MNIST/raw, {tmp_path}/raw\n"
        "    by hand: put https://ossci-datasets.s3.amazonaws.com/mnist/train-images-idx3-ubyte.gz into "
        f"{tmp_path}, or say with data.dir=FOLDER where it lies"
    )


def test_labels_and_images_that_do_not_match_are_a_fault(tmp_path):
    fill(tmp_path, labels=LABELS[:-1])
    path = tmp_path / "train-images-idx3-ubyte.gz"
    text = f"data.dir: {path} has 20 images, but train-labels-idx1-ubyte.gz has 19 labels"
    assert message(settings(tmp_path).read) == text


def test_labels_of_the_test_part_are_checked_too(tmp_path):
    fill(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(LABELS + 1)))
    text = "data.classes: the files of mnist have 3 classes, not 2"
    assert message(open_dataset, settings(tmp_path), 0) == text


def test_files_of_another_shape_or_number_of_classes_are_faults_that_name_both(tmp_path):
    fill(tmp_path)
    assert message(open_dataset, settings(tmp_path, shape=(1, 28, 28), classes=10), 0).splitlines() == [
        "data.shape: the files of mnist have 1×4×5 images, not 1×28×28",
        "data.classes: the files of mnist have 2 classes, not 10",
    ]
