"""MNIST and Fashion-MNIST (and whatever has the same four files): found on this machine, else downloaded."""

from math import prod
from pathlib import Path

import torch

from cnnlab.data.download import Remote, obtain
from cnnlab.data.idx import idx_sizes, read_idx
from cnnlab.data.places import cache, places
from cnnlab.data.settings import DataSettings, dims
from cnnlab.data.splits import Parts, Split
from cnnlab.errors import Fault, UserError

FILES = {
    "fashion_mnist": [
        Remote("train-images-idx3-ubyte.gz", 26421880, "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        Remote("train-labels-idx1-ubyte.gz", 29515, "25c81989df183df01b3e8a0aad5dffbe"),
        Remote("t10k-images-idx3-ubyte.gz", 4422102, "bef4ecab320f06d8554ea6380940ec79"),
        Remote("t10k-labels-idx1-ubyte.gz", 5148, "bb300cfdad3c16e7a12a480ee83cd310"),
    ],
    "mnist": [
        Remote("train-images-idx3-ubyte.gz", 9912422, "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
        Remote("train-labels-idx1-ubyte.gz", 28881, "d53e105ee54ea40749a09fcbcd1e9432"),
        Remote("t10k-images-idx3-ubyte.gz", 1648877, "9fb629c4189551a2d022fa330f9573f3"),
        Remote("t10k-labels-idx1-ubyte.gz", 4542, "ec29112dd5afa0611ce80d1b7f02629c"),
    ],
}

URLS = {
    "fashion_mnist": "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "mnist": "https://ossci-datasets.s3.amazonaws.com/mnist/",
}

TORCHVISION = {"fashion_mnist": "FashionMNIST/raw", "mnist": "MNIST/raw"}
"""where torchvision puts them, below its root"""

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
"""of the package dataset-fashion-mnist"""


def read_parts(settings: DataSettings) -> Parts:
    source = settings.source
    usual = [Path("data") / TORCHVISION[source], *([DEBIAN] if source == "fashion_mnist" else [])]
    folders = places(settings, [TORCHVISION[source], "raw"], usual)
    train_x, train_y, test_x, test_y = (_find(remote, folders, settings) for remote in FILES[source])
    return Parts(_split(train_x, train_y, settings), _split(test_x, test_y, settings))


def _find(remote: Remote, folders: list[Path], settings: DataSettings) -> Path:
    """The file, packed or not, in the first folder that has it; else it is downloaded."""
    for folder in folders:
        for name in (remote.name, remote.name.removesuffix(".gz")):
            if (folder / name).is_file():
                return folder / name
    into = folders[0] if settings.dir else cache(settings.source)
    return obtain(remote, URLS[settings.source], into, folders, settings.download)


def _split(images: Path, labels: Path, settings: DataSettings) -> Split:
    """What both headers say is compared, with each other and the settings, before either file is read."""
    (count, *size), (told,) = idx_sizes(images, 3), idx_sizes(labels, 1)
    if count != told:
        raise UserError(Fault("data.dir", f"{images} has {count} images, but {labels.name} has {told} labels"))
    if prod(size) > prod(settings.shape):  # what is small is read, so that all that is wrong with it is told at once
        said = f"the files of {settings.source} have {dims((1, *size))} images, not {dims(settings.shape)}"
        raise UserError(Fault("data.shape", said))
    x, y = read_idx(images, 3), read_idx(labels, 1)
    return Split(torch.from_numpy(x)[:, None], torch.from_numpy(y).long())
