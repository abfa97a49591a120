"""The data set that ships with cnnlab: 10,000 + 2,000 images of Fashion-MNIST, 1,000 + 200 of each class."""

from pathlib import Path

import numpy as np
import torch

from cnnlab.data.settings import DataSettings
from cnnlab.data.splits import Parts, Split

FILE = Path(__file__).with_name("fashion_mini.npz")
"""{train,test}_{x,y,index}: images uint8 (N, 28, 28), labels uint8 (N,), their places in the original uint16 (N,)"""


def read_parts(settings: DataSettings) -> Parts:
    with np.load(FILE, allow_pickle=False) as file:
        train, test = (_split(file[f"{part}_x"], file[f"{part}_y"]) for part in ("train", "test"))
    return Parts(train, test)


def _split(x: np.ndarray, y: np.ndarray) -> Split:
    return Split(torch.from_numpy(x)[:, None], torch.from_numpy(y).long())
