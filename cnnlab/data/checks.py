"""Checks of a data set before anything learns from it: what would make an answer untrue, and what makes it weak."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import torch

from cnnlab.data.data_record import EXAMPLES, DataNotes, Oddity
from cnnlab.data.entry import Part
from cnnlab.data.equal_pictures import numbered_arrays
from cnnlab.data.splits import Parts, Split
from cnnlab.errors import Fault, UserError
from cnnlab.text import plural
from cnnlab.untrusted.words import few

IN_WORDS: dict[Part, str] = {"train": "training", "val": "validation", "test": "test"}

Numbers = Mapping[Part, torch.Tensor]
"""of each image a number that equal pictures share"""


def compared(parts: Parts) -> Numbers:
    """The numbers of whole arrays of images."""
    splits = parts.by_name
    numbers = numbered_arrays([split.x for split in splits.values()])
    return dict(zip(splits, numbers.split([len(split) for split in splits.values()]), strict=True))


def checked(parts: Parts, numbers: Numbers, names: tuple[str, ...]) -> DataNotes:
    """The notes of the parts with what is odd about their images. UserError for what would make an answer untrue."""
    train = parts.train
    labels, counts = train.y.unique(return_counts=True)
    if len(labels) == 1 and len(names) > 1:
        message = f"all {len(train):,} images to train on are of one class, {names[int(labels)]}"
        raise UserError(Fault("data.dir", message))
    if len(names) == 1:
        message = f"there is one class alone, {names[0]}; a network learns to tell two or more apart"
        raise UserError(Fault("data.dir", message))
    if len(train) > 1 and len(numbers["train"].unique()) == 1:
        message = f"all {len(train):,} images to train on are the same picture; there is nothing to tell classes by"
        raise UserError(Fault("data.dir", message))
    for part, split in parts.by_name.items():
        unknown = set(split.y.unique().tolist()) - set(labels.tolist())
        if unknown:
            extra = few(names[label] for label in sorted(unknown))
            raise UserError(Fault("data.dir", f"the {part} part has classes that train has not: {extra}"))
    single = [str(names[label]) for label in labels[counts == 1].tolist()]
    odd = [*parts.notes.odd, *_of_pictures(parts, numbers), *_of_classes(parts, names, single), *_blank(parts)]
    return replace(parts.notes, odd=tuple(odd))


def _of_pictures(parts: Parts, numbers: Numbers) -> Iterator[Oddity]:
    """Pictures that are there more than once."""
    copies: list[str] = []
    count = 0
    for part, own in numbers.items():
        repeated = _repeated(own)
        count += len(repeated)
        copies += _keys(parts, part, repeated)
    if count:
        kept = "; carving has kept them in one part" if set(numbers) != {"train", "val", "test"} else ""
        message = f"{count:,} {'image is a copy of another' if count == 1 else 'images are copies of others'}{kept}"
        yield Oddity("equal_images", message, count, tuple(copies[:EXAMPLES]))
    pairs: tuple[tuple[Part, Part], ...] = ("test", "train"), ("test", "val"), ("val", "train")
    for part, other in pairs:
        yield from _shared(parts, numbers, part, other)
    every = torch.cat(list(numbers.values()))
    y = torch.cat([split.y for split in parts.by_name.values()])
    of_class = torch.stack([every, y]).unique(dim=1)[0]
    values, classes = of_class.unique(return_counts=True)
    in_several = values[classes > 1]
    if len(in_several):
        images = int(torch.isin(every, in_several).sum())
        message = f"{images:,} images are equal to one of another class: {plural(len(in_several), 'picture')}"
        keys: list[str] = []
        for part, own in numbers.items():
            keys += _keys(parts, part, torch.isin(own, in_several).nonzero())
        yield Oddity("contradicting_labels", message, images, tuple(keys[:EXAMPLES]))


def _shared(parts: Parts, numbers: Numbers, part: Part, other: Part) -> Iterator[Oddity]:
    if part not in numbers or other not in numbers:
        return
    shared = torch.isin(numbers[part], numbers[other]).nonzero().flatten()
    if len(shared):
        message = (
            f"{len(shared):,} of {len(numbers[part]):,} {IN_WORDS[part]} images are among the {IN_WORDS[other]} images "
            "too, pixel by pixel"
        )
        yield Oddity(f"{part}_in_{other}", message, len(shared), tuple(_keys(parts, part, shared)[:EXAMPLES]))


def _repeated(numbers: torch.Tensor) -> torch.Tensor:
    """Positions of images whose number has come before."""
    order = numbers.argsort(stable=True)
    ranked = numbers[order]
    again = torch.cat([torch.tensor([False]), ranked[1:] == ranked[:-1]])
    return order[again].sort().values


def _keys(parts: Parts, part: Part, positions: torch.Tensor) -> list[str]:
    keys = parts.keys.get(part)
    return [keys[position] for position in positions.flatten()[:EXAMPLES].tolist()] if keys else []


def _of_classes(parts: Parts, names: tuple[str, ...], single: list[str]) -> Iterator[Oddity]:
    if single and (parts.val is None or parts.test is None):
        noun = "class" if len(single) == 1 else "classes"
        message = f"{len(single)} {noun} of one image, which is trained on and not tested: {few(single)}"
        yield Oddity("single_images", message, len(single))
    for part in ("val", "test"):
        split: Split | None = getattr(parts, part)
        if split is not None and part in parts.by_name:
            absent = [names[label] for label in sorted(set(range(len(names))) - set(split.y.unique().tolist()))]
            lacking = [name for name in absent if name not in single]
            if lacking:
                yield Oddity(f"{part}_lacks_classes", f"the {part} part has no image of {few(lacking)}", len(lacking))


def _blank(parts: Parts) -> Iterator[Oddity]:
    """Images of one color all over, as the network sees them."""
    count, keys = 0, []
    for part, split in parts.by_name.items():
        corners = split.x[:, :, 0, 0]
        likely = ((corners == split.x[:, :, -1, -1]) & (corners == split.x[:, :, 0, -1])).all(1).nonzero().flatten()
        flat = split.x[likely].flatten(2)
        blank = likely[(flat == flat[:, :, :1]).flatten(1).all(1)]
        count += len(blank)
        keys += _keys(parts, part, blank)
    if count:
        held = "image is of one color" if count == 1 else "images are of one color"
        yield Oddity("blank_images", f"{count:,} {held} all over", count, tuple(keys[:EXAMPLES]))
