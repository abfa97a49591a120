"""Foreign names of layers, and which of ours they are: rules by pattern, stored as data.

    layer{s}.{i}.conv{n}: body.stage{s}.{i}.body.conv{n}.conv     a word keeps its value on both sides
    layer{s}.{i}.bn{n}: body.stage{s}.{i-1}.norm                  a number may be shifted
    classifier.{0,3,6}: head.{fc6,fc7,fc8}.0.linear               one of a list becomes its like in the list opposite
    features.{at}.squeeze: body.{at}.squeeze.0.conv               a word of a table, as `words: {at: {3: fire2.0, …}}`

The name of a layer is that of its weights without the last word (`weight`, `bias`, `running_mean` …), which stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "torchvision"
OURS = ("body.", "head.", "aux.")
"""how the names of our own weights begin"""
SHIFTED = re.compile(r"\{(\w+)([-+])(\d+)\}")
HOLE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Rule:
    """One line: a pattern of foreign names, and what becomes of them; `words` are tables."""

    foreign: str
    own: str
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """With a group for every word, under its name, and every list, under its place."""
        parts, lists = [], 0
        for i, part in enumerate(HOLE.split(self.foreign)):
            if i % 2 == 0:
                parts.append(re.escape(part))
            elif "," in part:
                parts.append(f"(?P<_{lists}>{'|'.join(map(re.escape, part.split(',')))})")
                lists += 1
            else:
                known = "|".join(map(re.escape, self.words[part])) if part in self.words else "[A-Za-z0-9_]+"
                parts.append(f"(?P<{part}>{known})")
        return re.compile("".join(parts))

    @cached_property
    def lists(self) -> list[dict[str, str]]:
        """Of each list, what its entries become."""
        foreign, own = (
            [hole.split(",") for hole in HOLE.findall(side) if "," in hole] for side in (self.foreign, self.own)
        )
        return [dict(zip(a, b, strict=True)) for a, b in zip(foreign, own, strict=True)]

    def translate(self, layer: str) -> str | None:
        match = self.pattern.fullmatch(layer)
        if not match:
            return None
        words, lists = match.groupdict(), iter(enumerate(self.lists))

        def filled(hole: re.Match[str]) -> str:
            if "," in hole[1]:
                i, become = next(lists)
                return become[words[f"_{i}"]]
            name, sign, shift = re.fullmatch(r"(\w+?)(?:([-+])(\d+))?", hole[1]).groups()  # type: ignore[union-attr]
            word = self.words.get(name, {}).get(words[name], words[name])
            return str(int(word) + int(f"{sign}{shift}")) if sign else word

        return HOLE.sub(filled, self.own)

    @cached_property
    def inverse(self) -> Rule | None:
        """From our names to the foreign ones; None where two foreign ones have the same name here.

        A word that ours lack is the one before it again: block{s}.block{t}-{i}.
        """
        foreign, own = self.foreign, self.own
        if any(len(set(words)) < len(words) for hole in HOLE.findall(own) for words in [hole.split(",")]):
            return None
        named = [hole for hole in HOLE.findall(foreign) if "," not in hole]
        for before, hole in pairwise(named):
            if f"{{{hole}" not in own:
                foreign = foreign.replace(f"{{{hole}}}", f"{{{before}}}")
        if shifted := SHIFTED.search(own):
            name, sign, shift = shifted.groups()
            own = SHIFTED.sub(f"{{{name}}}", own)
            foreign = foreign.replace(f"{{{name}}}", f"{{{name}{'+' if sign == '-' else '-'}{shift}}}")
        return Rule(own, foreign, {name: {b: a for a, b in table.items()} for name, table in self.words.items()})


@dataclass(frozen=True)
class Layout:
    """The names that one family of foreign networks gives its layers."""

    name: str
    rules: tuple[Rule, ...]
    tensors: Mapping[str, str] = field(default_factory=dict)
    """tensors that have another name here, of a layer of another name"""

    def translate(self, layer: str) -> str | None:
        """Our name of a foreign layer, by the first rule that knows it."""
        return next((own for rule in self.rules if (own := rule.translate(layer))), None)

    def foreign_name(self, layer: str) -> str | None:
        """The foreign name of one of our layers, by the first rule that has it and takes it back again."""
        inverses = (rule.inverse for rule in self.rules)
        names = (name for inverse in inverses if inverse and (name := inverse.translate(layer)))
        return next((name for name in names if self.translate(name) == layer), None)


def foreign_names(layers: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Of torchvision's families the one that has names for most of our layers, and those names."""
    known = {
        layout.name: {layer: name for layer in layers if (name := layout.foreign_name(layer))} for layout in layouts()
    }
    return max(known.items(), key=lambda item: len(item[1]))


def read_layout(name: str, family: Mapping[str, Any]) -> Layout:
    tables = family.get("words", {}).items()
    words = {name: {str(foreign): str(own) for foreign, own in table.items()} for name, table in tables}
    rules = tuple(Rule(foreign, own, words) for foreign, own in family["names"].items())
    return Layout(name, rules, family.get("tensors", {}))


@cache
def families() -> dict[str, dict[str, Any]]:
    """The files of torchvision's families: `names` are rules, `words` their tables, `files` published weights."""
    return {file.stem: yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(FOLDER.glob("*.yaml"))}


@cache
def layouts() -> tuple[Layout, ...]:
    return tuple(read_layout(name, family) for name, family in families().items())


def recognise(keys: Iterable[str]) -> tuple[str, dict[str, str]]:
    """Of all whose names are known, whoever knows most of `keys`, names of tensors; and what those are called here."""
    keys = list(keys)
    layers = dict.fromkeys(key.rpartition(".")[0] for key in keys)
    recognized = [("cnnlab's own names", {key: key for key in keys if key.startswith(OURS)})]
    for layout in layouts():
        known = {layer: layout.translate(layer) for layer in layers}
        parts = [(key, known[layer], last) for key in keys for layer, _, last in [key.rpartition(".")]]
        own_names = {key: f"{own}.{layout.tensors.get(last, last)}" for key, own, last in parts if own}
        recognized.append((f"torchvision's {layout.name}", own_names))
    return max(recognized, key=lambda candidate: len(candidate[1]))
