"""YAML while it is read: how large and how deep it may be, and that it says everything where it stands.

An alias makes a kilobyte into a gigabyte, a tag makes a value into an object, and what a merge key brings in stands in
no line of its own. A file that others are to read, and machines to compare, needs none of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from cnnlab.untrusted.files import CONFIG, Refused

BYTES = 64 << 10
"""of a file; the largest that ships has 3.5 kB"""
NODES = 4_000
"""names and values in a file; the largest that ships has 520"""
DEPTH = 32
"""mappings and lists within each other; those that ship have 7"""
SCALAR = 4_000
"""characters of one value"""


class Forbidden(yaml.MarkedYAMLError):
    """Something that a file must not have, with its place."""

    def __init__(self, problem: str, mark: Any):
        super().__init__(problem=problem, problem_mark=mark)


class Guard:
    """Beside one of PyYAML's loaders: looks at every event before a node is made of it. Raises Forbidden."""

    strict = True
    """whether aliases and tags are refused"""

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()  # type: ignore[attr-defined]
        self.depth: int = getattr(self, "depth", 0) + 1
        self.count: int = getattr(self, "count", 0) + 1
        if problem := complaint(event, self.depth, self.count, self.strict):
            raise Forbidden(problem, event.start_mark)
        node = super().compose_node(parent, index)  # type: ignore[misc]
        self.depth -= 1
        return node


def complaint(event: Any, depth: int, count: int, strict: bool) -> str | None:
    """What is wrong with an event by itself."""
    if depth > DEPTH:
        return f"nested more than {DEPTH} levels deep"
    if count > NODES:
        return f"more than {NODES:,} names and values"
    if strict and isinstance(event, yaml.AliasEvent):
        return f"the alias *{event.anchor}: write out what it repeats"
    if strict and event.anchor is not None:
        return f"the anchor &{event.anchor}: a file says everything where it stands; leave it out"
    if getattr(event, "tag", None) is not None:
        return f"the tag {event.tag!r}: values are plain here; leave it out"
    if isinstance(event, yaml.ScalarEvent) and len(event.value) > SCALAR:
        return f"a text of {len(event.value):,} characters; {SCALAR:,} are the most"
    if isinstance(event, yaml.ScalarEvent) and not is_text(event.value):
        return "half of a character (a lone surrogate), which no text has"
    return None


def is_text(value: str) -> bool:
    return value.isascii() or not any("\ud800" <= c <= "\udfff" for c in value)


def read_plain(raw: bytes) -> Any:
    """A record's YAML as data: cnnlab wrote it, so there is nothing in it but mappings, lists and values.

    Raises ValueError, and what PyYAML raises.
    """
    if len(raw) > CONFIG:
        raise Refused(f"has more than {CONFIG:,} bytes")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same, parsed by libyaml
    for depth, count, event in _counted(yaml.parse(raw, Loader=loader)):
        if problem := complaint(event, depth, count // 16, strict=True):
            raise Forbidden(problem, event.start_mark)
    return yaml.load(raw, Loader=loader)


def _counted(events: Any) -> Iterator[tuple[int, int, Any]]:
    depth = count = 0
    for event in events:
        if isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if isinstance(event, yaml.NodeEvent):
            count += 1
            yield depth + 1, count, event
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
