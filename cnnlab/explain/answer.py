"""The answer to a key, as lines for a terminal and as plain data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

from cnnlab.blocks.base import Block as Kind
from cnnlab.blocks.base import Misfit, sized
from cnnlab.blocks.measure import measure
from cnnlab.config.origins import plain
from cnnlab.explain import find
from cnnlab.explain.due import Configuration, Due, parameters, placed, settings, simple
from cnnlab.explain.formulas import Working, described
from cnnlab.explain.lesson import lesson, part, taken_from
from cnnlab.explain.pieces import Piece, Section, Whole
from cnnlab.explain.words import columns, counted, doc_of, dues, passes, source_of, steps, together, wrapped
from cnnlab.explain.worked import total


@dataclass(frozen=True)
class Answer:
    """A subject, and all that is to be said of it."""

    subject: find.Subject
    whole: Whole
    conf: Configuration
    name: str
    """of the network"""

    def lines(self) -> Iterator[str]:
        match self.subject:
            case Whole():
                yield from lesson(self.name, self.whole)
            case Section():
                yield from part(self.subject, self.whole)
            case find.Block():
                yield from self.block(self.subject)
            case find.Inner():
                yield from self.inner(self.subject)
            case find.OfBlock():
                yield from self.setting(self.subject)
            case find.Param():
                yield from self.param(self.subject)
            case find.Other():
                yield from self.other(self.subject)
            case find.Defined():
                yield from self.defined(self.subject)

    # -- a block

    def block(self, subject: find.Block) -> Iterator[str]:
        first, *rest = subject.pieces
        copies = f", {len(subject.pieces)} of it" if rest else ""
        yield from wrapped(f"{subject.path} · {first.kind}{copies}")
        yield from self.about(first)
        yield ""
        yield "Settings"
        own = [*self.placed(first), *settings(first, self.conf)]
        yield from dues(own)
        for piece in rest:
            if other := self.differing(piece, first):
                yield f"  of {piece.path}"
                yield from dues(other, 4)
        if taken := taken_from(first, self.whole):
            yield from wrapped(taken, 2)
        known: dict[object, str] = {}
        for piece in subject.pieces:
            yield ""
            yield from self.worked(piece, known)
        if rest:
            yield ""
            yield f"{subject.path}, together · {sized(first.given)} → {sized(rest[-1].measured.shape)}"
            yield from columns(self.sums(subject.pieces), 2)

    def about(self, piece: Piece) -> Iterator[str]:
        """What the block is, and where that is written."""
        for made in piece.made:
            yield from wrapped(f"{made.kind}: a block that YAML defines, {self.conf.where(made.path)}", 2, 2)
            yield from dues(parameters(made, self.conf), 4)
        for paragraph in doc_of(type(piece.block)):
            yield from wrapped(paragraph, 2)
        yield f"  {piece.block.block}: {source_of(type(piece.block))}"

    def placed(self, piece: Piece) -> list[Due]:
        return placed(piece, self.conf)

    def differing(self, piece: Piece, first: Piece) -> list[Due]:
        """Settings of a later copy that are not the first one's."""
        usual = {due.name: due.value for due in settings(first, self.conf)}
        if type(piece.block) is not type(first.block):  # what closes a block
            return settings(piece, self.conf)
        return [due for due in settings(piece, self.conf) if due.value != usual.get(due.name)]

    def worked(self, piece: Piece, known: dict[object, str]) -> Iterator[str]:
        """One copy: worked out, or like one that was."""
        like = known.setdefault(piece.structure, piece.path)
        if like != piece.path:
            yield from wrapped(f"{piece.path} · as {like} · {passes(piece)}", 0, 2)
            yield from columns(together(piece), 2)
            return
        yield f"{piece.path} · {passes(piece)}"
        yield from steps(piece)
        if sum(bool(working.lines) for working in piece.workings) > 1:
            yield "  together"
            yield from columns(together(piece), 4)

    def sums(self, pieces: list[Piece]) -> Iterator[tuple[str, str]]:
        for what, label in (("params", "parameters"), ("macs", "MACs")):
            counts = [count for piece in pieces if (count := getattr(piece.measured, what))]
            if counts:
                yield label, str(total(*counts))
        size = pieces[-1].left.size
        yield "sees", f"{size[0]}×{size[1]} pixels"

    # -- what is inside of one

    def inner(self, subject: find.Inner) -> Iterator[str]:
        piece = subject.piece
        yield from wrapped(f"{subject.path} · inside of {piece.path}, {piece.kind}")
        first = subject.workings[0].step
        yield f"  {source_of(type(piece.block))}"
        yield ""
        yield f"{sized(first.given[0] if first.given else ())} → {sized(subject.workings[-1].step.shape)}"
        yield from steps(piece, subject.workings)

    # -- settings

    def due(self, subject: find.OfBlock) -> Due:
        piece, name = subject.piece, subject.name
        every = [*self.placed(piece), *settings(piece, self.conf)]
        if found := next((due for due in every if due.name == name), None):
            return found
        path = f"model.{piece.stage}.{name}"
        if name == "block":
            before = tuple(self.conf.places(path)[1:])
            return Due(name, piece.kind, self.conf.where(path), "", before, "what kind of block it is")
        return Due(name, None, "", "not set", doc=find.PLACE[name].description or "")

    def setting(self, subject: find.OfBlock) -> Iterator[str]:
        due, piece = self.due(subject), subject.piece
        yield from wrapped(f"{subject.path} = {plain(due.value)}")
        yield from wrapped(due.doc, 2)
        if choices := self.choices(subject):
            yield from wrapped(f"one of {', '.join(choices)}", 2, 2)
        yield from where(due)
        yield ""
        yield f"{piece.path} · {piece.kind} · {passes(piece)}"
        named = [w for w in piece.workings if w.step.path.split(".")[0] == subject.name]
        yield from steps(piece, named or None)
        others = list(instead(piece, subject.name))
        if others:
            yield ""
            yield "Instead, of this block alone"
            yield from columns(others, 2)

    def choices(self, subject: find.OfBlock) -> list[str]:
        info = type(subject.piece.block).model_fields.get(subject.name)
        return words(info.annotation) if info else []

    def param(self, subject: find.Param) -> Iterator[str]:
        for made in subject.piece.made:
            for due in parameters(made, self.conf):
                if due.name == subject.name:
                    yield from wrapped(f"{subject.path} = {plain(due.value)}", 0, 2)
                    yield f"  parameter of {made.kind}, {self.conf.where(made.path)}"
                    yield from where(due)
                    return

    def other(self, subject: find.Other) -> Iterator[str]:
        places = self.conf.places(subject.path)
        yield from wrapped(f"{subject.path} = {plain(simple(subject.value))}", 0, 2)
        if subject.doc:
            yield from wrapped(subject.doc, 2)
        place = places[0].where if places else self.conf.origins.of(subject.path) or ""
        yield from where(Due(subject.path, subject.value, place, "" if place else "default", tuple(places[1:])))

    def defined(self, subject: find.Defined) -> Iterator[str]:
        made = subject.made
        yield from wrapped(f"{subject.path} · a block that YAML defines, {self.conf.where(subject.path)}", 0, 2)
        if made.params:
            yield "  parameters"
            yield from columns([(name, plain(value)) for name, value in made.params.items()], 4)
        yield "  is"
        yield from wrapped(plain(dict(made.root)), 4, 2)
        used = [address for address, uses in self.whole.notes.made.items() if any(use.kind == made.name for use in uses)]
        yield from wrapped(f"used by {', '.join(used)}" if used else "no block of this network is one", 2, 2)

    # -- as data

    def record(self) -> dict[str, Any]:
        match self.subject:
            case Whole():
                every = [piece for section in self.whole.sections for piece in section.pieces]
                counts = {key: value for key, value in self.whole.plan.record().items() if key != "layers"}
                return {"network": self.name, **counts, "blocks": [self.piece(piece) for piece in every]}
            case Section(path=path, stages=_):
                return {"section": path, "blocks": [self.piece(piece) for piece in self.subject.pieces]}
            case find.Block(path=path, pieces=pieces):
                return {"key": path, "blocks": [self.piece(piece) for piece in pieces]}
            case find.Inner(path=path, piece=piece, workings=workings):
                return {"key": path, "block": piece.path, "steps": [as_data(w) for w in workings]}
            case find.OfBlock(path=path, name=name, piece=piece):
                tried = [{"value": value, "makes": makes} for value, makes in instead(piece, name)]
                choices = {"choices": self.choices(self.subject)}
                return {"key": path, **self.due(self.subject).record(), **choices, "block": self.piece(piece), "instead": tried}
            case find.Param(path=path, name=name, piece=piece):
                every = [due for made in piece.made for due in parameters(made, self.conf)]
                return {"key": path, **next(due for due in every if due.name == name).record()}
            case find.Other(path=path, value=value, doc=doc):
                told = [{"value": one.value, "where": one.where} for one in self.conf.places(path)]
                return {"key": path, "value": simple(value), "doc": doc, "where": told}
            case find.Defined(path=path, made=made):
                return {"key": path, "where": self.conf.where(path), "params": dict(made.params), "is": dict(made.root)}

    def piece(self, piece: Piece) -> dict[str, Any]:
        found = piece.measured
        made = [
            {"kind": one.kind, "where": self.conf.where(one.path)}
            | {"params": [due.record() for due in parameters(one, self.conf)]}
            for one in piece.made
        ]
        cls = type(piece.block)
        return {
            "name": piece.path,
            "block": piece.kind,
            "doc": doc_of(cls),
            "source": source_of(cls),
            **({"defined": made} if made else {}),
            "place": [due.record() for due in self.placed(piece)],
            "settings": [due.record() for due in settings(piece, self.conf)],
            "input": list(piece.given),
            "output": list(found.shape),
            "params": found.params,
            "macs": found.macs,
            "receptive_field": list(piece.left.size),
            "steps": [as_data(working) for working in piece.workings],
        }


def where(due: Due) -> Iterator[str]:
    """Where a setting was set, and what it overrode."""
    why = f"({due.why})" if due.why and due.where else due.why
    yield from wrapped(" ".join(filter(None, ("set by", due.where, why))) if due.where else due.why, 2, 2)
    for one in due.overrode:
        yield from wrapped(str(one), 4, 2)


def as_data(working: Working) -> dict[str, Any]:
    step = working.step
    lines = [
        {"what": line.what, "working": line.worked.text, "value": _plain(line.worked.value), "measured": line.measured}
        for line in working.lines
    ]
    return {
        "name": step.path,
        "layer": step.name,
        "does": described(step),
        "input": [list(shape) for shape in step.given],
        "output": list(step.shape),
        "params": sum(_plain(line.worked.value) for line in working.lines if line.what == "parameters"),
        "macs": step.macs,
        "lines": lines,
    }


def _plain(value: Any) -> int | float:
    return int(value) if value.denominator == 1 else float(value)


def words(annotation: Any) -> list[str]:
    """The words that a setting may be, where it can be nothing else."""
    if get_origin(annotation) is Literal:
        return [str(word) for word in get_args(annotation)]
    return words(get_args(annotation)[0]) if get_origin(annotation) is Annotated else []


NEIGHBOURS: dict[str, tuple[Any, ...]] = {
    "kernel_size": (1, 2, 3, 5, 7),
    "stride": (1, 2, 3),
    "dilation": (1, 2, 3),
    "padding": ("same", "valid", 1, 2),
    "groups": (1, 2, 4, 8),
    "norm": ("batch", "group", "layer", "instance", "none"),
}
"""what else to try where a setting's type does not list it"""


def instead(piece: Piece, name: str) -> Iterator[tuple[str, str]]:
    """Other values for a setting of a block, each tried: what the block then makes, or why it cannot."""
    info = type(piece.block).model_fields.get(name)
    if info is None:
        return
    now = simple(getattr(piece.block, name))
    values: tuple[Any, ...] = NEIGHBOURS.get(name, tuple(words(info.annotation)))
    if isinstance(now, bool):
        values = (not now,)
    elif type(now) is int and name not in NEIGHBOURS:
        values = (max(now // 2, 1), now * 2)
    for value in values:
        if value != now and (block := changed(piece.block, name, value)):
            try:
                found = measure(block, piece.given)  # type: ignore[arg-type]
            except Misfit as misfit:
                yield plain(value), f"does not fit: {misfit.message}"
            else:
                other = Piece(piece.path, piece.address, piece.kind, block, piece.given, piece.seen)
                yield plain(value), f"{sized(found.shape)}, {counted(other)}"


def changed(block: Kind, name: str, value: Any) -> Kind | None:
    """The block with another value for one setting; None where that is none it takes."""
    told = {field: getattr(block, field) for field in type(block).model_fields}
    try:
        return type(block).model_validate({**told, name: value})
    except ValueError:
        return None
