"""Reading of a source that lists its images: decoded, compared, scaled by one range, what is left out counted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from cnnlab.data.data_record import EXAMPLES, SIZES, DataNotes, FileKinds, LeftOut, Oddity
from cnnlab.data.entry import Entry, EntrySource, Part, SkippedFile
from cnnlab.data.equal_pictures import Fingerprint, numbered
from cnnlab.data.images import SHOWN, FileFacts, Picture, Range, UnscaledValues, full_fingerprint
from cnnlab.data.splits import TEST_FRACTION, Parts, Split, check_memory, stratified_by_picture
from cnnlab.errors import Fault, UserError
from cnnlab.text import dims, plural

PARTS: tuple[Part, ...] = ("train", "val", "test")


@dataclass
class _Decoded:
    """Entries with what became of them."""

    entries: list[Entry]
    x: np.ndarray
    """uint8 (N, C, H, W)"""
    unscaled: dict[int, Picture] = field(default_factory=dict)
    """images of more than 8 bits, by position; in `x` they are missing yet"""
    wrong: dict[int, ValueError] = field(default_factory=dict)
    facts: list[FileFacts | None] = field(default_factory=list)
    prints: list[Fingerprint] = field(default_factory=list)


def read_entries(source: EntrySource, limits: Range | None = None) -> Parts:
    """The parts of a source that lists its images and gives them one by one.

    Values of 16 bits are scaled by `limits`, or else by the range of those to train on. UserError where it lists none,
    where an image is not what the settings say, or cannot be read.
    """
    listed = list(source.entries())
    entries = [one for part in PARTS for one in listed if isinstance(one, Entry) and one.part == part]
    names = tuple(sorted({entry.label for entry in entries}))
    if not entries:
        raise UserError(Fault("data.source", f"{source.source} lists no images"))
    if faults := source.class_faults(len(names)):
        raise UserError(*faults)
    check_memory(len(entries), source.shape)
    if entries[0].part != "train":
        raise UserError(Fault("data.source", f"{source.source} lists no images to train on, of part train"))
    decoded = _decode(source, entries)
    _check(source, decoded)
    skipped = [one for one in listed if isinstance(one, SkippedFile)]
    skipped += [SkippedFile(entries[at].key, str(error).split(":")[0]) for at, error in decoded.wrong.items()]
    kept = _without_wrong(decoded)
    numbers = numbered(kept.prints, lambda position: _full(kept.facts[position]))
    labels = {name: label for label, name in enumerate(names)}
    y = torch.tensor([labels[entry.label] for entry in kept.entries])
    places = _places(kept.entries, y, numbers)
    limits = _scale(kept, places["train"], source, limits)
    odd = [one for one in listed if isinstance(one, Oddity)]
    odd += _oddities(kept, limits, getattr(source, "background", ""))
    notes = DataNotes(left_out(skipped), (*odd,), limits, _kinds(kept.facts))
    x = torch.from_numpy(kept.x)
    splits = {part: Split(_rows(x, place), y[place]) for part, place in places.items()}
    return Parts(
        splits["train"],
        splits.get("test"),
        splits.get("val"),
        names,
        notes,
        {part: numbers[place] for part, place in places.items()},
        {part: [kept.entries[at].key for at in place.tolist()] for part, place in places.items()},
    )


def checked_images(source: EntrySource, entries: Sequence[Entry]) -> Iterator[Picture | ValueError]:
    """The images that a source's `image` gives, where they are what they should be."""
    for entry in entries:
        try:
            image = np.asarray(source.image(entry))
        except ValueError as error:
            yield error
            continue
        if image.shape == source.shape and image.dtype == np.uint8:
            yield Picture(image)
        else:
            held = f"{image.dtype} {dims(image.shape) or 'without axes'}"
            yield ValueError(f"is {held}, not uint8 {dims(source.shape)}")


def _decode(source: EntrySource, entries: list[Entry]) -> _Decoded:
    decoded = _Decoded(entries, np.zeros((len(entries), *source.shape), np.uint8))
    for position, picture in enumerate(source.pictures(entries)):
        facts, known = None, Fingerprint((0, 0))
        if isinstance(picture, ValueError):
            decoded.wrong[position] = picture
        elif picture.extremes:
            decoded.unscaled[position] = picture
        else:
            decoded.x[position] = picture.pixels
        if isinstance(picture, Picture):
            facts = picture.facts
            known = facts.fingerprint if facts else Fingerprint((0, 0), hash(picture.pixels.tobytes()))
        decoded.facts.append(facts)
        decoded.prints.append(known)
    return decoded


def _check(source: EntrySource, decoded: _Decoded) -> None:
    """UserError where images cannot be read and may not be left out, or are all that there is of a class."""
    entries, wrong = decoded.entries, decoded.wrong
    fatal = {
        position: error
        for position, error in wrong.items()
        if isinstance(error, UnscaledValues) or not source.leaves_out_unreadable
    }
    path = "data.dir" if source.leaves_out_unreadable else "data.source"
    named = "" if source.leaves_out_unreadable else f"{source.source}: "
    faults = [Fault(path, f"{named}{entries[position].key} {error}") for position, error in fatal.items()]
    if faults:
        more = [Fault(path, f"and {len(faults) - SHOWN} more")] if len(faults) > SHOWN else []
        raise UserError(*faults[:SHOWN], *more)
    of_class: dict[tuple[Part, str], list[int]] = defaultdict(list)
    for position, entry in enumerate(entries):
        of_class[entry.part, entry.label].append(position)
    for (part, label), positions in of_class.items():
        if all(position in wrong for position in positions):
            first, where = positions[0], "" if part == "train" else f" in the {part} part"
            images = plural(len(positions), "image")
            reason = f"none of the {images} of class {label}{where} can be read; {entries[first].key}: {wrong[first]}"
            raise UserError(Fault(path, reason))


def _without_wrong(decoded: _Decoded) -> _Decoded:
    if not decoded.wrong:
        return decoded
    kept = [position for position in range(len(decoded.entries)) if position not in decoded.wrong]
    new = {old: position for position, old in enumerate(kept)}
    return _Decoded(
        [decoded.entries[position] for position in kept],
        decoded.x[kept],
        {new[position]: picture for position, picture in decoded.unscaled.items()},
        {},
        [decoded.facts[position] for position in kept],
        [decoded.prints[position] for position in kept],
    )


def _full(facts: FileFacts | None) -> Fingerprint:
    assert facts, "only files are decoded at less than their size"
    return full_fingerprint(facts.path)


def _places(entries: list[Entry], y: torch.Tensor, numbers: torch.Tensor) -> dict[Part, torch.Tensor]:
    """Where the images of each part are; the test part is carved where there is none.

    It is carved here and not later, because the range of 16-bit values must not come from images tested on.
    """
    parts = [entry.part for entry in entries]
    places: dict[Part, torch.Tensor] = {
        part: torch.tensor([i for i, own in enumerate(parts) if own == part]) for part in PARTS if part in parts
    }
    if "test" not in places:
        train = places["train"]
        held, rest = stratified_by_picture(y[train], numbers[train], TEST_FRACTION, "test")
        if len(held):
            places |= {"train": train[rest], "test": train[held]}
    return places


def _rows(x: torch.Tensor, place: torch.Tensor) -> torch.Tensor:
    """Without a copy where they lie one after the other."""
    start, end = int(place[0]), int(place[-1]) + 1
    return x[start:end] if end - start == len(place) else x.index_select(0, place)


def _scale(decoded: _Decoded, train: torch.Tensor, source: EntrySource, limits: Range | None) -> Range | None:
    """Put the images of more than 8 bits into `x`, all scaled by `limits` or the range of those to train on."""
    if not decoded.unscaled:
        return None
    limits = limits or _range(decoded, train)
    for position, picture in decoded.unscaled.items():
        decoded.x[position] = picture.eight_bits(limits, source.shape[0])
    return limits


def _range(decoded: _Decoded, train: torch.Tensor) -> Range:
    of_train = [decoded.unscaled[place].extremes for place in train.tolist() if place in decoded.unscaled]
    known = [extremes for extremes in of_train if extremes]
    if not known:
        keys = [decoded.entries[position].key for position in decoded.unscaled]
        message = f"{plural(len(keys), 'image')} of 16 bits ({keys[0]} …) and none to train on: no range to scale by"
        raise UserError(Fault("data.dir", message))
    return min(low for low, _ in known), max(high for _, high in known)


def left_out(skipped: Iterable[SkippedFile]) -> tuple[LeftOut, ...]:
    """Files by the reason why no image was read from them, the commonest first."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for one in skipped:
        by_reason[one.reason].append(one.key)
    commonest = sorted(by_reason.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple(LeftOut(reason, len(keys), tuple(keys[:EXAMPLES])) for reason, keys in commonest)


def _kinds(facts: Sequence[FileFacts | None]) -> FileKinds | None:
    known = [one for one in facts if one]
    if not known:
        return None
    sizes = Counter(f"{one.width}×{one.height}" for one in known).most_common()
    formats, modes = Counter(one.format for one in known), Counter(one.mode for one in known)
    return FileKinds(
        dict(formats.most_common()), dict(modes.most_common()), dict(sizes[:SIZES]), max(0, len(sizes) - SIZES)
    )


def _oddities(decoded: _Decoded, limits: Range | None, background: str) -> Iterator[Oddity]:
    """What is to be known of the files."""

    def those(chosen: Iterable[bool]) -> tuple[int, tuple[str, ...]]:
        keys = [entry.key for entry, yes in zip(decoded.entries, chosen, strict=True) if yes]
        return len(keys), tuple(keys[:EXAMPLES])

    count, keys = those(bool(one and one.transparent) for one in decoded.facts)
    if count:
        message = f"{plural(f'{count:,}', 'image')} with transparency, shown on {background} (data.background)"
        yield Oddity("transparency", message, count, keys, weakens=False)
    count, keys = those(bool(one and one.several) for one in decoded.facts)
    if count:
        held = "file holds" if count == 1 else "files hold"
        message = f"{count:,} {held} several pictures (animations, pages); the first is read"
        yield Oddity("several_pictures", message, count, keys, weakens=False)
    count, keys = those(bool(one and one.halved) for one in decoded.facts)
    if count:
        message = f"{plural(f'{count:,}', 'image')} of 16 bits a color, of which the upper 8 are read"
        yield Oddity("halved_colors", message, count, keys)
    if limits:
        count, keys = those(bool(one and one.extremes) for one in decoded.facts)
        message = (
            f"{plural(f'{count:,}', 'image')} of 16 bits: from {limits[0]:,} (black) to {limits[1]:,} (white), "
            "the range of the images to train on"
        )
        yield Oddity("sixteen_bits", message, count, keys, weakens=False)
        yield from _few_levels(decoded, limits)


LEAST_LEVELS = 16


def _few_levels(decoded: _Decoded, limits: Range) -> Iterator[Oddity]:
    """Where some far value leaves hardly any levels to the others."""
    left, had = set(), set()
    for position, picture in decoded.unscaled.items():
        left |= set(np.unique(decoded.x[position]).tolist())
        if len(left) >= LEAST_LEVELS:
            return
        had |= set(np.unique(picture.pixels.astype(np.int64)).tolist())
    if len(had) >= 2 * len(left):
        message = (
            f"of {len(had):,} values in images of 16 bits {len(left)} levels are left, "
            f"for they are scaled from {limits[0]:,} to {limits[1]:,}"
        )
        yield Oddity("few_levels", message, len(decoded.unscaled))
