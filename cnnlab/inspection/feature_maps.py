"""Images of the first layer's weights and of feature maps, as many as there is room for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from cnnlab.inspection import png
from cnnlab.inspection.look import Inspection, Kernels
from cnnlab.pages.markup import Content, Markup, tag
from cnnlab.text import dims, number

ROOM = 1_200_000
"""bytes of feature maps, of the page's 2 MB"""
MOST_FILTERS = 64
MOST_PLANES = 8
"""filters, and channels of each, where a filter looks at neither gray nor red, green and blue"""
MOST_UNITS = 256
"""of a layer without rows and columns"""


@dataclass(frozen=True)
class Fineness:
    """How much of a block's feature maps is shown."""

    maps: int
    side: int
    """pixels; larger maps are scaled down"""


FINENESSES = [
    Fineness(maps, side) for maps, side in ((16, 48), (16, 32), (12, 28), (9, 24), (9, 16), (6, 16), (4, 12), (4, 8))
]


def filters(kernels: Kernels) -> Content:
    """The first layer's weights: gray images' from blue (below zero) to red, colour images' as colours."""
    weights = kernels.weights.numpy()
    bound = float(np.abs(weights).max())
    count, channels = weights.shape[:2]
    if channels in (1, 3):
        several = [_filter(weights[i], f"filter {i}", bound) for i in range(min(count, MOST_FILTERS))]
        more = count - MOST_FILTERS
    else:
        several = [_filter(weights[i, j : j + 1], f"filter {i}, channel {j}", bound)
                   for i in range(min(count, MOST_PLANES)) for j in range(min(channels, MOST_PLANES))]  # fmt: skip
        more = count - MOST_PLANES
    scale = "gray is 0" if channels == 3 else f"from −{number(bound)} (blue) through 0 (white) to {number(bound)} (red)"
    rest = f"; {more} more are not shown" if more > 0 else ""
    caption = f"{kernels.name}: {count} filters of {dims(weights.shape[1:])} weights; {scale}{rest}"
    return [tag("div", several, class_="filters"), tag("p", caption, class_="quiet")]


def _filter(kernel: np.ndarray, name: str, bound: float) -> Markup:
    image = png.rgb(kernel, bound) if len(kernel) == 3 else png.tiles([kernel[0]], -bound, bound, 1, gap=0)
    caption = f"{name}: {number(float(kernel.min()))} to {number(float(kernel.max()))}"
    return tag("img", src=image, alt=caption, title=caption, class_="pixels")


def feature_maps(look: Inspection) -> Content:
    """Every block's, as fine as there is room for."""
    kinds = {layer.name.removesuffix(".0"): layer.kind for layer in look.layers}
    for fineness in FINENESSES:
        blocks = [_block(name, kinds.get(name, ""), out, look, fineness) for name, out in look.maps.items()]
        if sum(map(len, blocks)) <= ROOM:
            break
    return blocks


def _block(name: str, kind: str, out: Tensor, look: Inspection, fineness: Fineness) -> Markup:
    """One block: what it leaves of each image, on one scale."""
    images, note = (_maps if out.dim() == 4 else _units)(out, fineness)
    names = [shown.name for shown in look.shown]
    cells = [
        tag("img", src=uri, alt=f"{name} of {label}", title=label, class_="pixels", width="100%")
        for uri, label in zip(images, names, strict=True)
    ]
    head = tag("h3", name, tag("small", f"{kind} · {dims(out.shape[1:])} · {note}"))
    return tag("div", head, tag("div", cells, class_="strip", style=f"--n: {len(cells)}"), class_="block")


def _scale(values: Tensor) -> tuple[float, float]:
    """What the colours span: from 0, or to both sides of it where there is anything below."""
    flat = values.flatten().double()
    part = flat[:: max(1, flat.numel() // 100_000)]
    high = torch.quantile(part.abs(), 0.998).item() or part.abs().max().item()
    return (-high, high) if (part < 0).any() else (0.0, high)


def _maps(out: Tensor, fineness: Fineness) -> tuple[list[str], str]:
    """The channels that differ most among and within the images, in the order of their numbers."""
    count = out.shape[1]
    order = out.transpose(0, 1).flatten(1).std(1, unbiased=False).argsort(descending=True)
    chosen = order[: fineness.maps].sort().values
    some = out[:, chosen]
    rows, columns = some.shape[2:]
    if max(rows, columns) > fineness.side:
        share = fineness.side / max(rows, columns)
        some = F.interpolate(some, size=(max(1, round(rows * share)), max(1, round(columns * share))), mode="area")
    low, high = _scale(some)
    wide = 4 if len(chosen) > 4 else 2 if len(chosen) > 1 else 1
    images = [png.tiles(list(maps.numpy()), low, high, wide) for maps in some]
    which = "all channels" if len(chosen) == count else f"channels {', '.join(map(str, chosen.tolist()))}"
    return images, f"{which}; {number(low)} to {number(high)}"


def _units(out: Tensor, _: Fineness) -> tuple[list[str], str]:
    """Numbers without rows and columns, in rows all the same."""
    some = out[:, :MOST_UNITS]
    low, high = _scale(some)
    wide = min(some.shape[1], 16)
    cells: list[Sequence[np.ndarray]] = [[value.numpy().reshape(1, 1) for value in values] for values in some]
    which = f"the first {MOST_UNITS} of them; " if out.shape[1] > MOST_UNITS else ""
    images = [png.tiles(values, low, high, wide, gap=0) for values in cells]
    return images, f"{which}{number(low)} to {number(high)}"
