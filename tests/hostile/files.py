# ruff: noqa: E501 (tables of texts that nobody writes like this)
"""Files that somebody means ill by, or that were damaged: checkpoints, weights, data, images, the records of runs.

A maker writes into its case's folder, beside `run`, a copy of a trained run's folder, and returns the words of a command.
"""

from __future__ import annotations

import gzip
import io
import os
import pickle
import struct
import tarfile
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

Maker = Callable[[Path], Sequence[str]]
CASES: dict[str, Maker] = {}


def case(name: str) -> Callable[[Maker], Maker]:
    def put(maker: Maker) -> Maker:
        assert name not in CASES
        CASES[name] = maker
        return maker

    return put


class Evil:
    """Pickled, a call of os.system."""

    def __reduce__(self) -> Any:
        return os.system, ("touch CANARY",)


def checkpoint(folder: Path) -> dict[str, Any]:
    """What a sound checkpoint holds."""
    return torch.load(folder / "run/checkpoints/best.ckpt", weights_only=True)


def predicting(folder: Path, content: Any = None, **how: Any) -> list[str]:
    """A command that looks at an image with the checkpoint x.ckpt, which holds `content`."""
    if content is not None:
        torch.save(content, folder / "x.ckpt", **how)
    Image.new("L", (8, 8)).save(folder / "x.png")
    return ["task=predict", "ckpt_path=x.ckpt", "images=x.png"]


def weighing(folder: Path) -> list[str]:
    return ["task=summary", "-cd", "mine", "model=net", *DATA, "weights=x.ckpt"]


DATA = ("data=synthetic", "data.samples=40", "data.shape=[1,8,8]", "data.classes=3")


def zipped(folder: Path, parts: Mapping[str, bytes], how: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(folder / "x.ckpt", "w", how) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def pickled(code: bytes, **parts: bytes) -> dict[str, bytes]:
    """The parts of a zip of torch's whose pickle is `code`."""
    return {
        "x/data.pkl": b"\x80\x02" + code + b".",
        "x/version": b"3\n",
        **{f"x/data/{k}": v for k, v in parts.items()},
    }


def tensor_code(count: int, shape: Sequence[int], strides: Sequence[int], key: bytes = b"0") -> bytes:
    """A pickled tensor of floats that claims a storage of `count` numbers."""

    def number(n: int) -> bytes:
        raw = n.to_bytes((n.bit_length() + 8) // 8, "little", signed=True)
        return b"\x8a" + bytes([len(raw)]) + raw

    def numbers(values: Sequence[int]) -> bytes:
        return b"(" + b"".join(map(number, values)) + b"t"

    storage = (
        b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x00"
        + key
        + b"X\x03\x00\x00\x00cpu"
        + number(count)
        + b"tQ"
    )
    return (
        b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + number(0) + numbers(shape) + numbers(strides)
        + b"\x89ccollections\nOrderedDict\n)RtR"
    )  # fmt: skip


def state_code(tensor: bytes) -> bytes:
    return b"}X\x06\x00\x00\x00body.c" + tensor + b"s"


# -- checkpoints and weights: each file is tried as both

OPENED: dict[str, Callable[[Path], None]] = {
    "an object that is a call": lambda folder: torch.save({"cnnlab": Evil()}, folder / "x.ckpt"),
    "a module": lambda folder: torch.save(torch.nn.Linear(2, 2), folder / "x.ckpt"),
    "a call in the old form": lambda folder: torch.save(
        {"state_dict": Evil()}, folder / "x.ckpt", _use_new_zipfile_serialization=False
    ),
    "a pickle": lambda folder: (folder / "x.ckpt").write_bytes(pickle.dumps(Evil(), 2)) and None,
    "a pickle of today": lambda folder: (folder / "x.ckpt").write_bytes(pickle.dumps({"a": Evil()}, 5)) and None,
    "a bytearray of 2 GiB": lambda folder: zipped(folder, pickled(b"cbuiltins\nbytearray\n(J\xff\xff\xff\x7ftR")),
    "a set": lambda folder: torch.save({"cnnlab": {1, 2}}, folder / "x.ckpt"),
    "a counter": lambda folder: torch.save({"cnnlab": Counter("aab")}, folder / "x.ckpt"),
    "a class by its name": lambda folder: zipped(folder, pickled(b"cbuiltins\neval\n(X\x01\x00\x00\x001tR")),
    "numpy's pickles": lambda folder: torch.save({"cnnlab": np.ones(3)}, folder / "x.ckpt"),
    "a codec": lambda folder: zipped(folder, pickled(b"c_codecs\nencode\n(X\x01\x00\x00\x001X\x03\x00\x00\x00hextR")),
    "a tensor larger than its storage": lambda folder: zipped(
        folder, pickled(state_code(tensor_code(4, [1000], [1])), **{"0": bytes(16)})
    ),
    "a storage larger than its part": lambda folder: zipped(
        folder, pickled(state_code(tensor_code(10**12, [4], [1])), **{"0": bytes(16)})
    ),
    "a storage that is not there": lambda folder: zipped(folder, pickled(state_code(tensor_code(4, [4], [1], b"7")))),
    "one number for a billion": lambda folder: zipped(
        folder, pickled(state_code(tensor_code(1, [10**5, 10**5], [0, 0])), **{"0": bytes(4)})
    ),
    "negative strides": lambda folder: zipped(
        folder, pickled(state_code(tensor_code(4, [4], [-1])), **{"0": bytes(16)})
    ),
    "sizes without strides": lambda folder: zipped(
        folder, pickled(state_code(tensor_code(4, [2, 2], [1])), **{"0": bytes(16)})
    ),
    "a packed gigabyte": lambda folder: zipped(
        folder, pickled(state_code(tensor_code(2**24, [2**24], [1])), **{"0": bytes(2**26)}), zipfile.ZIP_DEFLATED
    ),
    "parts of one name": lambda folder: twice(folder),
    "no pickle": lambda folder: zipped(folder, {"x/version": b"3\n"}),
    "two pickles": lambda folder: zipped(folder, {**pickled(b"}"), "y/data.pkl": b"\x80\x02}."}),
    "names that climb out": lambda folder: zipped(folder, {"../x/data.pkl": b"\x80\x02}.", "../../CANARY": b"x"}),
    "a program of TorchScript": lambda folder: zipped(
        folder, {**pickled(b"}"), "x/code/__torch__.py": b"", "x/constants.pkl": b"\x80\x02)."}
    ),
    "references without end": lambda folder: zipped(folder, pickled(laughs())),
    "a list in itself": lambda folder: zipped(folder, pickled(b"]q\x00h\x00a")),
    "a text longer than the file": lambda folder: zipped(folder, pickled(b"X\xff\xff\xff\x7fabc")),
    "a number longer than the file": lambda folder: zipped(folder, pickled(b"\x8b\xff\xff\xff\x7fabc")),
    "a memo of 64 GiB": lambda folder: zipped(folder, pickled(b"]r\xff\xff\xff\x7f")),
    "a pickle without an end": lambda folder: zipped(folder, {"x/data.pkl": b"\x80\x02}q\x00"}),
    "something from outside": lambda folder: zipped(folder, pickled(b"X\x01\x00\x00\x00aQ")),
    "the source of a module": lambda folder: zipped(folder, pickled(b"(X\x06\x00\x00\x00modulecos\nsystem\nNNtQ")),
    "the oldest form": lambda folder: oldest(folder),
    "the old form with false claims": lambda folder: claiming(folder),
    "half of a file": lambda folder: halved(folder),
    "a flipped bit": lambda folder: flipped(folder),
    "nothing": lambda folder: (folder / "x.ckpt").write_bytes(b"") and None,
    "zeros": lambda folder: (folder / "x.ckpt").write_bytes(bytes(100_000)) and None,
    "a picture": lambda folder: Image.new("L", (9, 9)).save(folder / "x.ckpt", "PNG"),
    "a text": lambda folder: (folder / "x.ckpt").write_text("norm: batch\n") and None,
    "the beginning of a zip": lambda folder: (folder / "x.ckpt").write_bytes(b"PK\x03\x04" + bytes(99)) and None,
    "a pipe": lambda folder: os.mkfifo(folder / "x.ckpt"),
    "a device": lambda folder: (folder / "x.ckpt").symlink_to("/dev/zero"),
    "a link to itself": lambda folder: (folder / "x.ckpt").symlink_to("x.ckpt"),
    "a folder": lambda folder: (folder / "x.ckpt").mkdir(),
}


def twice(folder: Path) -> None:
    parts = pickled(state_code(tensor_code(4, [4], [1])), **{"0": bytes(16)})
    with zipfile.ZipFile(folder / "x.ckpt", "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            archive.writestr("x/data/0", b"another, 16 byte")


def laughs() -> bytes:
    code = b"]q\x00"
    for level in range(1, 60):
        code += b"](" + bytes([0x68, level - 1]) * 2 + b"eq" + bytes([level])
    return code


def oldest(folder: Path) -> None:
    with tarfile.open(folder / "x.ckpt", "w") as archive:
        for name in ("sys_info", "pickle", "storages", "tensors"):
            content = pickle.dumps(Evil(), 2)
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def claiming(folder: Path) -> None:
    torch.save({"body.c": torch.arange(4.0)}, folder / "x.ckpt", _use_new_zipfile_serialization=False)
    raw = (folder / "x.ckpt").read_bytes()
    new = raw.replace(b"K\x04N", b"J" + struct.pack("<i", 2**31 - 1) + b"N")
    assert new != raw
    (folder / "x.ckpt").write_bytes(new)


def halved(folder: Path) -> None:
    raw = (folder / "run/checkpoints/best.ckpt").read_bytes()
    (folder / "x.ckpt").write_bytes(raw[: len(raw) // 2])


def flipped(folder: Path) -> None:
    raw = bytearray((folder / "run/checkpoints/best.ckpt").read_bytes())
    at = raw.index(b"data.pkl") + 300
    raw[at] ^= 0x40
    (folder / "x.ckpt").write_bytes(raw)


def _opened(make: Callable[[Path], None], words: Callable[[Path], list[str]]) -> Maker:
    def maker(folder: Path) -> list[str]:
        make(folder)
        return words(folder)

    return maker


for _name, _make in OPENED.items():
    CASES[f"checkpoint: {_name}"] = _opened(_make, predicting)
    if _name != "a flipped bit":  # weights are taken from any file of torch's, sums or none
        CASES[f"weights: {_name}"] = _opened(_make, weighing)

# -- checkpoints that are ours but for one thing

RECORDS: dict[str, Callable[[dict[str, Any]], None]] = {
    "no record": lambda found: found.pop("cnnlab"),
    "a record that is a list": lambda found: found.update(cnnlab=[1]),
    "no configuration": lambda found: found["cnnlab"].pop("config"),
    "a configuration that is text": lambda found: found["cnnlab"].update(config="x"),
    "a configuration without data": lambda found: found["cnnlab"]["config"].pop("data"),
    "a configuration of tensors": lambda found: found["cnnlab"]["config"].update(seed=torch.ones(3)),
    "a configuration without end": lambda found: found["cnnlab"]["config"].update(model=deep(200)),
    "a network of another kind": lambda found: found["cnnlab"]["config"]["model"].update(
        body={"c1": {"block": "evil"}}
    ),
    "a network that vanishes": lambda found: found["cnnlab"]["config"]["model"]["body"]["c1"].update(
        kernel_size=99, padding="valid"
    ),
    "a network that fills the memory": lambda found: found["cnnlab"]["config"]["model"]["head"].update(
        flat={"block": "linear", "features": 10**9, "before": "out"}
    ),
    "an image that fills the memory": lambda found: found["cnnlab"]["config"]["data"].update(size=[10**6, 10**6]),
    "a class as data": lambda found: found["cnnlab"]["config"]["data"].update(_target_="os.system"),
    "plugins": lambda found: found["cnnlab"]["config"].update(
        plugins=["evil"], model={"body": {"e": {"block": "evil"}}}
    ),
    "a name too long": lambda found: found["cnnlab"]["config"]["data"].update(
        source="folder", dir="x" * 5000, classes=None
    ),
    "no classes": lambda found: found["cnnlab"].pop("classes"),
    "classes that are numbers": lambda found: found["cnnlab"].update(classes=[1, 2, 3]),
    "too many classes": lambda found: found["cnnlab"].update(classes=["\x1b[31m"] * 1000),
    "a mean that is text": lambda found: found["cnnlab"].update(mean="0.5"),
    "a mean of too many channels": lambda found: found["cnnlab"].update(mean=[0.1] * 9, std=[0.1] * 9),
    "a mean that is no number": lambda found: found["cnnlab"].update(mean=[float("nan")]),
    "a spread of nothing": lambda found: found["cnnlab"].update(std=[0.0]),
    "no weights": lambda found: found.pop("state_dict"),
    "weights that are a list": lambda found: found.update(state_dict=[torch.ones(2)]),
    "weights that are numbers": lambda found: found.update(state_dict=dict.fromkeys(found["state_dict"], 1.0)),
    "weights of other names": lambda found: found.update(state_dict={1: torch.ones(2), "\x1b[0m": torch.ones(2)}),
    "weights of other shapes": lambda found: found.update(
        state_dict={name: torch.ones(1) for name in found["state_dict"]}
    ),
    "weights of NaN": lambda found: [tensor.fill_(float("nan")) for tensor in found["state_dict"].values()],
    "one weight of infinity": lambda found: next(iter(found["state_dict"].values())).view(-1)[:1].fill_(float("-inf")),
    "sparse weights": lambda found: found.update(
        state_dict={
            name: torch.sparse_coo_tensor(size=(10**6, 10**6), check_invariants=False) for name in found["state_dict"]
        }
    ),
}


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


def _recorded(change: Callable[[dict[str, Any]], Any]) -> Maker:
    def maker(folder: Path) -> list[str]:
        found = checkpoint(folder)
        change(found)
        (folder / "evil.py").write_text("open('CANARY', 'w')\n")
        return predicting(folder, found)

    return maker


for _name, _change in RECORDS.items():
    CASES[f"checkpoint of ours: {_name}"] = _recorded(_change)

# -- IDX, the format of MNIST


def idx(array: np.ndarray, sizes: Sequence[int] | None = None) -> bytes:
    sizes = sizes or array.shape
    return bytes([0, 0, 8, len(sizes)]) + b"".join(n.to_bytes(4, "big") for n in sizes) + array.tobytes()


IMAGES, LABELS = np.zeros((20, 28, 28), np.uint8), (np.arange(20) % 10).astype(np.uint8)
IDX: dict[str, tuple[str, bytes]] = {
    "a cube of a million": ("train-images-idx3-ubyte", idx(IMAGES, (10**6, 10**6, 10**6))),
    "a packed cube of a million": ("train-images-idx3-ubyte.gz", gzip.compress(idx(IMAGES, (10**6, 10**6, 10**6)))),
    "more images than labels": ("train-images-idx3-ubyte", idx(IMAGES[:5])),
    "larger images": ("train-images-idx3-ubyte.gz", gzip.compress(idx(np.zeros((20, 900, 900), np.uint8)))),
    "no images": ("train-images-idx3-ubyte", idx(IMAGES[:0])),
    "half of the images": ("train-images-idx3-ubyte.gz", gzip.compress(idx(IMAGES))[:30]),
    "a bomb after the images": ("train-images-idx3-ubyte.gz", gzip.compress(idx(IMAGES) + bytes(10**8), 1)),
    "a bomb for the images": (
        "train-images-idx3-ubyte.gz",
        gzip.compress(idx(IMAGES[:0], (2 * 10**6, 28, 28)) + bytes(10**8)),
    ),
    "a page instead of images": ("train-images-idx3-ubyte.gz", b"<html>not found</html>"),
    "nothing": ("train-images-idx3-ubyte", b""),
    "labels that are no classes": ("train-labels-idx1-ubyte", idx(np.full(20, 255, np.uint8))),
    "labels for images": ("train-images-idx3-ubyte", idx(LABELS)),
    "numbers of 8 bytes": ("train-images-idx3-ubyte", b"\0\0\x0e\x03" + idx(IMAGES)[4:]),
    "a damaged packing": ("train-images-idx3-ubyte.gz", gzip.compress(idx(IMAGES))[:20] + b"damage" * 9),
}


def _idx(name: str, content: bytes) -> Maker:
    def maker(folder: Path) -> list[str]:
        (folder / "data").mkdir()
        for part in ("train", "t10k"):
            (folder / f"data/{part}-images-idx3-ubyte").write_bytes(idx(IMAGES))
            (folder / f"data/{part}-labels-idx1-ubyte").write_bytes(idx(LABELS))
        if name.endswith(".gz"):
            (folder / "data" / name.removesuffix(".gz")).unlink()
        (folder / "data" / name).write_bytes(content)
        return ["data=mnist", "data.dir=data", "data.download=false", "trainer.max_epochs=1"]

    return maker


for _name, (_file, _content) in IDX.items():
    CASES[f"IDX: {_name}"] = _idx(_file, _content)

# -- CIFAR's archives


def tarred(**members: bytes) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}.bin")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return raw.getvalue()


def header(name: str, size: int, kind: bytes = b"0") -> bytes:
    member = tarfile.TarInfo(name)
    member.size, member.type = size, kind
    return member.tobuf(tarfile.GNU_FORMAT)


BATCH = bytes(3073)
BATCHES = {**{f"data_batch_{i}": BATCH for i in range(1, 6)}, "test_batch": BATCH}
ARCHIVES = {
    "no members": tarred(),
    "a member missing": tarred(**{name: content for name, content in BATCHES.items() if name != "data_batch_3"}),
    "a member of half a record": tarred(**{**BATCHES, "test_batch": BATCH[:-1]}),
    "a member that claims a terabyte": header("data_batch_1.bin", 10**12) + BATCH,
    "a member of a gigabyte": header("data_batch_1.bin", 2**30) + bytes(2**26),
    "a name of a gigabyte": header("././@LongLink", 2**30, b"L") + bytes(2**26),
    "extended headers of a gigabyte": header("x", 2**30, b"x") + bytes(2**26),
    "links to elsewhere": b"".join(header(f"{name}.bin", 0, b"2") for name in BATCHES) + bytes(1024),
    "devices": b"".join(header(f"{name}.bin", 0, b"3") for name in BATCHES) + bytes(1024),
    "names that climb out only": tarred(**{f"../../../{name}x": BATCH for name in BATCHES}),
    "a wrong sum": tarred(**BATCHES)[:150] + b"9" + tarred(**BATCHES)[151:],
    "half a header": tarred(**BATCHES)[:300],
    "a text": b"hello " * 200,
    "zeros without end": bytes(10**8),
}
PICKLES = {
    "a call": pickle.dumps(Evil(), 2),
    "a call in a dictionary": pickle.dumps({b"data": Evil(), b"labels": [1]}, 2),
    "eval": b"cbuiltins\neval\n(S\"open('CANARY','w')\"\ntR.",
    "getattr": b"cbuiltins\ngetattr\n(S'a'\nS'b'\ntR.",
    "a memo of 64 GiB": b"\x80\x02]r\xff\xff\xff\x7f.",
    "an array of another shape": pickle.dumps({b"data": np.zeros((3, 3), np.uint8), b"labels": [1]}, 2),
    "an array of objects": pickle.dumps({b"data": np.array([None]), b"labels": [1]}, 2),
    "lists within lists": b"\x80\x02" + b"]" * 100_000 + b"." ,
    "half of a pickle": pickle.dumps({b"data": np.zeros((1, 3072), np.uint8), b"labels": [1]}, 2)[:-40],
    "nothing": b"",
}  # fmt: skip


def _archive(content: bytes) -> Maker:
    def maker(folder: Path) -> list[str]:
        (folder / "data").mkdir()
        (folder / "data/cifar-10-binary.tar.gz").write_bytes(gzip.compress(content, 1))
        return ["data=cifar10", "data.dir=data", "data.download=false", "trainer.max_epochs=1"]

    return maker


def _batch(content: bytes) -> Maker:
    def maker(folder: Path) -> list[str]:
        (folder / "data").mkdir()
        for name in BATCHES:
            (folder / "data" / name).write_bytes(content)
        return ["data=cifar10", "data.dir=data", "data.download=false", "trainer.max_epochs=1"]

    return maker


for _name, _content in ARCHIVES.items():
    CASES[f"archive: {_name}"] = _archive(_content)
for _name, _content in PICKLES.items():
    CASES[f"batch: {_name}"] = _batch(_content)

# -- images


def png(width: int, height: int, data: bytes = b"", kind: int = 2) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def saved(kind: str, size: tuple[int, int] = (64, 64)) -> bytes:
    raw = io.BytesIO()
    Image.effect_noise(size, 50).save(raw, kind)
    return raw.getvalue()


def riff(code: bytes, content: bytes) -> bytes:
    chunk = code + struct.pack("<I", len(content)) + content
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


PICTURES = {
    "PNG of 4 billion pixels": png(2**16, 2**16),
    "PNG of 65 million pixels, empty": png(8200, 8200),
    "PNG of no pixels": png(0, 0),
    "PNG cut": saved("PNG")[:200],
    "PNG of noise": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9,
    "JPEG cut": saved("JPEG")[:400],
    "JPEG of 4 billion pixels": saved("JPEG").replace(struct.pack(">HH", 64, 64), b"\xff\xff\xff\xff", 1),
    "GIF of 4 billion pixels": b"GIF89a" + b"\xff\xff\xff\xff\x80\0\0" + bytes(20),
    "GIF cut": saved("GIF")[:60],
    "BMP of negative size": saved("BMP")[:18] + struct.pack("<ii", -(2**31), -(2**31)) + saved("BMP")[26:],
    "TIFF of itself": b"II*\0\x08\0\0\0" + struct.pack("<HHHII", 1, 256, 4, 1, 8) + struct.pack("<I", 8),
    "TIFF of rubbish": b"II*\0\xff\xff\xff\xff" + bytes(50),
    "WebP of a canvas of 4 GiB": riff(b"VP8X", bytes(4) + b"\xff\x3f\0\xff\x3f\0"),
    "WebP of 268 million pixels": riff(b"VP8L", b"\x2f" + struct.pack("<I", 0x3FFF | 0x3FFF << 14) + bytes(20)),
    "WebP cut": saved("WEBP")[:40],
    "PPM of rubbish": b"P6 99999999 99999999 255\n" + bytes(100),
    "PPM without end": b"P6 " + b"9" * 10_000,
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(CANARY) (w) file\n",
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    "a program": b"#!/bin/sh\ntouch CANARY\n",
    "nothing": b"",
}


def _picture(content: bytes) -> Maker:
    def maker(folder: Path) -> list[str]:
        (folder / "x.png").write_bytes(content)
        return ["task=predict", "ckpt_path=run", "images=x.png"]

    return maker


for _name, _content in PICTURES.items():
    CASES[f"image: {_name}"] = _picture(_content)


for _name in ("/proc/self/**", "/proc/self/root/**/*.png", "/**/nothing", "/proc/[s]elf/**/*", "/sys/*/*/*/*/*/*"):

    def _pattern(folder: Path, pattern: str = _name) -> list[str]:
        return ["task=predict", "ckpt_path=run", f"images='{pattern}'"]

    CASES[f"images: the pattern {_name}"] = _pattern


@case("dir: the pattern /**/nothing")
def _(folder: Path) -> list[str]:
    return ["task=report", "dir='/**/nothing'"]


@case("image: a pipe")
def _(folder: Path) -> list[str]:
    os.mkfifo(folder / "x.png")
    return ["task=predict", "ckpt_path=run", "images=x.png"]


@case("image: a device")
def _(folder: Path) -> list[str]:
    (folder / "x.png").symlink_to("/dev/zero")
    return ["task=predict", "ckpt_path=run", "images=x.png"]


@case("images: a class of bombs")
def _(folder: Path) -> list[str]:
    for name in ("\x1b[31mred", "[/b]"):
        (folder / "photos" / name).mkdir(parents=True)
        for number in range(4):
            (folder / "photos" / name / f"{number}\x1b[0m.png").write_bytes(png(2**16, 2**16))
    return ["data=folder", "data.dir=photos", "data.shape=[1,8,8]", "trainer.max_epochs=1"]


@case("images: classes without any")
def _(folder: Path) -> list[str]:
    for name in ("a\nb", "\x1b]0;x\x07", "x" * 200):
        (folder / "photos" / name).mkdir(parents=True)
    return ["data=folder", "data.dir=photos", "data.shape=[1,8,8]", "trainer.max_epochs=1"]


@case("images: a class that is a link in a circle")
def _(folder: Path) -> list[str]:
    (folder / "photos").mkdir()
    (folder / "photos/a").symlink_to("a")
    (folder / "photos/b").symlink_to("a")
    return ["data=folder", "data.dir=photos", "data.shape=[1,8,8]", "trainer.max_epochs=1"]


# -- the records of runs and sweeps

TRAIN = ("-cd", "mine", "model=net", *DATA, "trainer.max_epochs=1", "threads=1")
RUN_FILES: dict[str, tuple[str, bytes]] = {
    "run.json of rubbish": ("run.json", b"{"),
    "run.json nested": ("run.json", b'{"a":' * 100_000),
    "run.json of a list": ("run.json", b"[1]"),
    "run.json of another run": ("run.json", b'{"identity": "another\\u001b[31m"}'),
    "run.json of large numbers": ("run.json", b'{"identity": ' + b"9" * 100_000 + b"}"),
    "run.json larger than any": ("run.json", b" " * (17 << 20)),
    "result.json of rubbish": ("result.json", b"\xff\xfe"),
    "result.json of a number": ("result.json", b"3"),
    "result.json of NaN": ("result.json", b'{"status": "failed", "x": NaN}'),
    "result.json of infinity": ("result.json", b'{"status": "failed", "x": -Infinity}'),
    "result.json of a number beyond all": ("result.json", b'{"status": "failed", "x": 1e999}'),
    "result.json of more digits than Python reads": ("result.json", b'{"status": "failed", "x": ' + b"9" * 5000 + b"}"),
}


def _record(name: str, content: bytes) -> Maker:
    def maker(folder: Path) -> list[str]:
        (folder / "run" / name).write_bytes(content)
        return [*TRAIN, "hydra.run.dir=run"]

    return maker


for _name, (_file, _content) in RUN_FILES.items():
    CASES[f"record: {_name}"] = _record(_file, _content)


def _linked(name: str) -> Maker:
    def maker(folder: Path) -> list[str]:
        place = folder / "run" / name
        place.rename(folder / "elsewhere") if place.exists() else (folder / "elsewhere").mkdir()
        place.symlink_to(folder / "elsewhere")
        return [*TRAIN, "hydra.run.dir=run"]

    return maker


for _name in ("checkpoints", "metrics.jsonl", "config.yaml", "run.log", "result.json", "run.json"):
    CASES[f"record: {_name} leads elsewhere"] = _linked(_name)


@case("record: a pipe for run.json")
def _(folder: Path) -> list[str]:
    (folder / "run/run.json").unlink()
    os.mkfifo(folder / "run/run.json")
    return [*TRAIN, "hydra.run.dir=run"]


@case("record: a folder of somebody's")
def _(folder: Path) -> list[str]:
    (folder / "theirs").mkdir()
    (folder / "theirs/letter.txt").write_text("dear")
    return [*TRAIN, "hydra.run.dir=theirs"]


@case("record: the system's own folder")
def _(folder: Path) -> list[str]:
    return [*TRAIN, "hydra.run.dir=/etc"]


@case("record: a sweep into the system's own folder")
def _(folder: Path) -> list[str]:
    return ["-m", *TRAIN, "seed=0,1", "task=preflight", "hydra.sweep.dir=/etc"]


SHEETS = {
    "rubbish": b"{",
    "nested": b"[" * 100_000,
    "another version": b'{"version": 99}',
    "no jobs": b'{"version": 1}',
    "large": b" " * (17 << 20),
    "jobs that are a number": b'{"version": 1, "command": [], "fixed": [], "keys": {}, "jobs": 3, "study": null, '
    b'"threads": null, "precision": null, "created": ""}',
}


def _sheet(content: bytes) -> Maker:
    def maker(folder: Path) -> list[str]:
        (folder / "sweep").mkdir()
        (folder / "sweep/sweep.json").write_bytes(content)
        return ["-m", *TRAIN, "seed=0,1", "task=preflight", "hydra.sweep.dir=sweep"]

    return maker


for _name, _content in SHEETS.items():
    CASES[f"sheet: {_name}"] = _sheet(_content)


@case("sheet: a pipe")
def _(folder: Path) -> list[str]:
    (folder / "sweep").mkdir()
    os.mkfifo(folder / "sweep/sweep.json")
    return ["-m", *TRAIN, "seed=0,1", "task=preflight", "hydra.sweep.dir=sweep"]


@case("report: of no sweep")
def _(folder: Path) -> list[str]:
    return ["task=report", "dir=mine"]


@case("report: of the system")
def _(folder: Path) -> list[str]:
    return ["task=report", "dir=/etc"]
