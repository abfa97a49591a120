"""CIFAR-10 and CIFAR-100 (Krizhevsky 2009), from the published archives or folders, in either of their two formats."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from cnnlab.data.places import cache, places
from cnnlab.data.remote import Remote
from cnnlab.data.source import Source
from cnnlab.errors import Fault, UserError
from cnnlab.untrusted.archive import members
from cnnlab.untrusted.files import Refused, read_bytes

if TYPE_CHECKING:
    import numpy as np

    from cnnlab.data.splits import Parts, Split

URL = "https://www.cs.toronto.edu/~kriz/"
PIXELS = 3 * 32 * 32
LIMIT = 256 << 20
"""bytes an archive may unpack to; the real ones need 178 MiB"""


@dataclass(frozen=True)
class Form:
    """One published form of a data set: its archive, the folder in it, its files and where the label stands."""

    archive: Remote
    folder: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    label: int | bytes
    """binary: the byte of the record, before the pixels; python: the dictionary's key"""
    largest: int
    """bytes that one of its files may have"""
    head: int = 0
    """binary: bytes before the pixels"""


PYTHON_10 = Form(
    Remote("cifar-10-python.tar.gz", 170498071, "c58f30108f718f92721af3b95e74349a"),
    "cifar-10-batches-py",
    tuple(f"data_batch_{i}" for i in range(1, 6)),
    ("test_batch",),
    label=b"labels",
    largest=40 << 20,
)
BINARY_10 = Form(
    Remote("cifar-10-binary.tar.gz", 170052171, "c32a1d4ab5d03f1284b67883e8d87530"),
    "cifar-10-batches-bin",
    tuple(f"data_batch_{i}.bin" for i in range(1, 6)),
    ("test_batch.bin",),
    label=0,
    largest=40 << 20,
    head=1,
)
PYTHON_100 = Form(
    Remote("cifar-100-python.tar.gz", 169001437, "eb9058c3a382ffc7106e4002c42a8d85"),
    "cifar-100-python",
    ("train",),
    ("test",),
    label=b"fine_labels",
    largest=160 << 20,
)
BINARY_100 = Form(
    Remote("cifar-100-binary.tar.gz", 168513733, "03b5dce01913d631647c71ecec9e9cb8"),
    "cifar-100-binary",
    ("train.bin",),
    ("test.bin",),
    label=1,
    largest=160 << 20,
    head=2,
)


class Cifar10(Source):
    """Small colour images of animals and vehicles: Krizhevsky 2009, Learning Multiple Layers of Features."""

    source: Literal["cifar10"] = "cifar10"  # type: ignore[assignment]
    fixed_shape: ClassVar[tuple[int, int, int] | None] = (3, 32, 32)
    fixed_classes: ClassVar[int | None] = 10
    packed: ClassVar[bool] = True
    forms: ClassVar[tuple[Form, Form]] = (PYTHON_10, BINARY_10)

    def read(self) -> Parts:
        from cnnlab.data.splits import Parts

        form, path = self._find()
        files = dict(_files(path, form))
        if lacking := [name for name in form.train + form.test if name not in files]:
            raise UserError(Fault("data.dir", f"{path} lacks {', '.join(lacking)}"))
        train, test = (_join([files[name] for name in names]) for names in (form.train, form.test))
        return Parts(train, test)

    def files(self) -> list[tuple[str, Path]]:
        form, path = self._find()
        names = form.train + form.test
        return [(name, path / name) for name in names] if path.is_dir() else [(path.name, path)]

    def _find(self) -> tuple[Form, Path]:
        """The first form on this machine, unpacked or not; else the binary one, downloaded: it holds no pickles."""
        folders = places(self, [], [Path("data")])
        for folder in folders:
            for form in self.forms:
                if (folder / form.archive.name).is_file():
                    return form, folder / form.archive.name
                for place in (folder / form.folder, folder):
                    if (place / form.test[0]).is_file():
                        return form, place
        from cnnlab.data.download import obtain

        binary, into = self.forms[1], folders[0] if self.dir else cache(self.source, self.cache_dir)
        return binary, obtain(binary.archive, URL, into, folders, self.download)


class Cifar100(Cifar10):
    """Small colour images of a hundred classes, from the same source."""

    source: Literal["cifar100"] = "cifar100"  # type: ignore[assignment]
    fixed_classes: ClassVar[int | None] = 100
    forms: ClassVar[tuple[Form, Form]] = (PYTHON_100, BINARY_100)


def _files(path: Path, form: Form) -> Iterator[tuple[str, Split]]:
    """(name, images) of each wanted file below a folder or in an archive, from which nothing is unpacked to disk."""
    wanted = {*form.train, *form.test}
    if path.is_dir():
        for name in sorted(wanted):
            if (path / name).is_file():
                yield name, _parse(_within(path / name, form), form, path / name)
        return
    try:
        with Bounded(path) as packed:
            for name, content in members(packed, wanted, form.largest):  # pyright: ignore[reportArgumentType]
                yield name.rsplit("/", 1)[-1], _parse(content, form, Path(f"{path}:{name}"))
    except (OSError, EOFError, zlib.error, Refused) as error:
        raise UserError(Fault("data.dir", f"{path} cannot be read: {error}")) from None


def _within(path: Path, form: Form) -> bytes:
    try:
        return read_bytes(path, form.largest)
    except (OSError, Refused) as error:
        raise UserError(Fault("data.dir", f"{path} cannot be read: {error}")) from None


class Bounded(gzip.GzipFile):
    """A gzip file that refuses to give more than LIMIT bytes: an archive may claim to unpack to anything."""

    left = LIMIT

    def read(self, size: int | None = -1) -> bytes:
        block = super().read(self.left + 1 if size is None or size < 0 else min(size, self.left + 1))
        self.left -= len(block)
        if self.left < 0:
            raise OSError(f"it unpacks to more than {LIMIT} bytes")
        return block


def _parse(content: bytes, form: Form, path: Path) -> Split:
    """The images and labels of one file."""
    from cnnlab.data.cifar_pickle import NotAsPublished
    from cnnlab.data.splits import Split

    try:
        x, y = _pickled(content, form.label) if isinstance(form.label, bytes) else _records(content, form)
    except NotAsPublished as error:
        raise UserError(Fault("data.dir", f"{path} is not as published: {error}")) from None
    return Split.of(x.copy().reshape(-1, 3, 32, 32), y)


def _records(content: bytes, form: Form) -> tuple[np.ndarray, np.ndarray]:
    """Records of labels and pixels: https://www.cs.toronto.edu/~kriz/cifar.html, "Binary version"."""
    import numpy as np

    from cnnlab.data.cifar_pickle import NotAsPublished

    size = form.head + PIXELS
    if not content or len(content) % size:
        raise NotAsPublished(f"{len(content)} bytes are no whole number of records of {size}")
    records = np.frombuffer(content, np.uint8).reshape(-1, size)
    return records[:, form.head :], records[:, form.label]  # pyright: ignore


def _pickled(content: bytes, label: bytes) -> tuple[np.ndarray, np.ndarray]:
    """A pickled dictionary: "data" is uint8 (N, 3072), `label` a list of N."""
    import numpy as np

    from cnnlab.data.cifar_pickle import NotAsPublished, read_pickle

    batch = read_pickle(content)
    x, y = (batch.get(b"data"), batch.get(label)) if isinstance(batch, dict) else (None, None)
    if not isinstance(x, np.ndarray) or x.ndim != 2 or x.shape[1] != PIXELS:
        raise NotAsPublished(f"it has no array of {PIXELS} pixels an image")
    if not isinstance(y, list) or len(y) != len(x) or not all(type(n) is int and 0 <= n < 256 for n in y):
        raise NotAsPublished(f"it has no list of {len(x)} labels")
    return x, np.array(y)


def _join(splits: list[Split]) -> Split:
    import torch

    from cnnlab.data.splits import Split

    return Split(torch.cat([split.x for split in splits]), torch.cat([split.y for split in splits]))
