"""MNIST and Fashion-MNIST (and whatever has the same four files): found on this machine, else downloaded."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from cnnlab.data.places import cache, places
from cnnlab.data.remote import Remote
from cnnlab.data.source import Source
from cnnlab.errors import Fault, UserError
from cnnlab.text import dims

if TYPE_CHECKING:
    from cnnlab.data.splits import Parts, Split

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
"""of the package dataset-fashion-mnist"""


class Mnist(Source):
    """Handwritten digits: LeCun, Bottou, Bengio, Haffner 1998, doi:10.1109/5.726791; and sets in the same files."""

    source: Literal["mnist"] = "mnist"  # type: ignore[assignment]
    packed: ClassVar[bool] = True

    remotes: ClassVar[tuple[Remote, Remote, Remote, Remote]] = (
        Remote("train-images-idx3-ubyte.gz", 9912422, "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
        Remote("train-labels-idx1-ubyte.gz", 28881, "d53e105ee54ea40749a09fcbcd1e9432"),
        Remote("t10k-images-idx3-ubyte.gz", 1648877, "9fb629c4189551a2d022fa330f9573f3"),
        Remote("t10k-labels-idx1-ubyte.gz", 4542, "ec29112dd5afa0611ce80d1b7f02629c"),
    )
    """training images and labels, test images and labels"""
    url: ClassVar[str] = "https://ossci-datasets.s3.amazonaws.com/mnist/"
    torchvision: ClassVar[str] = "MNIST/raw"
    """where torchvision puts them, below its root"""
    usual: ClassVar[tuple[Path, ...]] = ()
    """other places where they may lie"""

    def read(self) -> Parts:
        from cnnlab.data.splits import Parts

        train_x, train_y, test_x, test_y = (file for _, file in self.files())
        return Parts(self._split(train_x, train_y), self._split(test_x, test_y))

    def files(self) -> list[tuple[str, Path]]:
        folders = places(self, [self.torchvision, "raw"], [Path("data") / self.torchvision, *self.usual])
        return [(remote.name, self._find(remote, folders)) for remote in self.remotes]

    def _find(self, remote: Remote, folders: list[Path]) -> Path:
        """The file, packed or not, in the first folder that has it; else it is downloaded."""
        for folder in folders:
            for name in (remote.name, remote.name.removesuffix(".gz")):
                if (folder / name).is_file():
                    return folder / name
        from cnnlab.data.download import obtain

        into = folders[0] if self.dir else cache(self.source, self.cache_dir)
        return obtain(remote, self.url, into, folders, self.download)

    def _split(self, images: Path, labels: Path) -> Split:
        """What both headers say is compared, with each other and the settings, before either file is read."""
        from cnnlab.data.idx import idx_sizes, read_idx
        from cnnlab.data.splits import Split

        (count, *size), (label_count,) = idx_sizes(images, 3), idx_sizes(labels, 1)
        if count != label_count:
            message = f"{images} has {count} images, but {labels.name} has {label_count} labels"
            raise UserError(Fault("data.dir", message))
        if prod(size) > prod(self.shape):  # what is small is read, so that all that is wrong with it is told at once
            message = f"the files of {self.source} have {dims((1, *size))} images, not {dims(self.shape)}"
            raise UserError(Fault("data.shape", message))
        return Split.of(read_idx(images, 3)[:, None], read_idx(labels, 1))


class FashionMnist(Mnist):
    """Clothes: Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747."""

    source: Literal["fashion_mnist"] = "fashion_mnist"  # type: ignore[assignment]

    remotes: ClassVar[tuple[Remote, Remote, Remote, Remote]] = (
        Remote("train-images-idx3-ubyte.gz", 26421880, "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        Remote("train-labels-idx1-ubyte.gz", 29515, "25c81989df183df01b3e8a0aad5dffbe"),
        Remote("t10k-images-idx3-ubyte.gz", 4422102, "bef4ecab320f06d8554ea6380940ec79"),
        Remote("t10k-labels-idx1-ubyte.gz", 5148, "bb300cfdad3c16e7a12a480ee83cd310"),
    )
    url: ClassVar[str] = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
    torchvision: ClassVar[str] = "FashionMNIST/raw"
    usual: ClassVar[tuple[Path, ...]] = (DEBIAN,)
