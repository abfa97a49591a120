"""Makes fashion_mini.npz out of Fashion-MNIST: `python -m cnnlab.data.fashion_mini.make`. Always the same images."""

import numpy as np

from cnnlab.data.fashion_mini import FILE
from cnnlab.data.sources.mnist import FashionMnist
from cnnlab.data.splits import Parts, balanced

COUNTS = {"train": 10_000, "test": 2_000}


def arrays(parts: Parts) -> dict[str, np.ndarray]:
    """What the file holds, from the whole of Fashion-MNIST; images stay in their original order."""
    made = {}
    for part, count in COUNTS.items():
        split = getattr(parts, part)
        index = balanced(split.y, count, "fashion_mini", part)
        chosen = split.take(index)
        made[f"{part}_x"] = chosen.x[:, 0].numpy()
        made[f"{part}_y"] = chosen.y.numpy().astype(np.uint8)
        made[f"{part}_index"] = index.numpy().astype(np.uint16)
    return made


def main() -> None:
    made = arrays(FashionMnist(shape=(1, 28, 28), classes=10).read())
    np.savez_compressed(FILE, allow_pickle=False, **made)
    print(f"{FILE}: {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
