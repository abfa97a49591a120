"""The answer to a key, as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cnnlab import dotted
from cnnlab.config.table import affects_result, may_differ, names_arm
from cnnlab.explain import find
from cnnlab.explain.explained_setting import (
    Configuration,
    ExplainedSetting,
    block_settings,
    placement_settings,
    use_parameters,
)
from cnnlab.explain.instead import choices, instead
from cnnlab.explain.lesson import lesson, part, taken_from
from cnnlab.explain.pieces import BlockCopy, ExplainedNetwork, Section, inside
from cnnlab.explain.words import (
    columns,
    counted,
    doc_of,
    passes,
    setting_lines,
    source_of,
    steps,
    together,
    unused,
    wrapped,
)
from cnnlab.explain.worked import total
from cnnlab.text import dims
from cnnlab.yaml_form import one_line, short_form


@dataclass(frozen=True)
class Answer:
    """A subject, and all that is to be said of it."""

    subject: find.Subject
    whole: ExplainedNetwork
    conf: Configuration
    name: str
    """of the network"""

    def lines(self) -> Iterator[str]:
        match self.subject:
            case ExplainedNetwork():
                yield from lesson(self.name, self.whole)
            case Section():
                yield from part(self.subject, self.whole)
            case find.BlockSubject():
                yield from self.block(self.subject)
            case find.InnerSteps():
                yield from self.inner(self.subject)
            case find.BlockSetting():
                yield from self.setting(self.subject)
            case find.CompositeParameter():
                yield from self.param(self.subject)
            case find.OtherSetting():
                yield from self.other(self.subject)
            case find.CompositeDefinition():
                yield from self.defined(self.subject)

    # -- a block

    def block(self, subject: find.BlockSubject) -> Iterator[str]:
        first, *rest = subject.pieces
        copies = sum(piece.address.rpartition(".")[2].isdigit() for piece in subject.pieces)
        closing = " and what closes them" if copies < len(subject.pieces) else ""
        copies = f", {copies} of it{closing}" if rest else ""
        yield from wrapped(f"{subject.path} · {first.kind}{copies}")
        yield from self.about(first)
        own = [*self.placed(first), *block_settings(first, self.conf)]
        if own:
            yield ""
            yield "Settings"
        yield from setting_lines(own)
        for piece in rest:
            if other := self.differing(piece, first):
                yield f"  of {piece.path}"
                yield from setting_lines(other, 4)
        if taken := taken_from(first, self.whole):
            yield from wrapped(taken, 2)
        known: dict[object, str] = {}
        for piece in subject.pieces:
            yield ""
            yield from self.worked(piece, known)
        if rest:
            yield ""
            yield f"{subject.path}, together · {dims(first.input)} → {dims(rest[-1].trace.shape)}"
            yield from columns(self.sums(subject.pieces), 2)

    def about(self, piece: BlockCopy) -> Iterator[str]:
        """What the block is, and where that is written."""
        for use in piece.uses:
            yield from wrapped(f"{use.kind}: a block that YAML defines, {self.conf.where(use.path)}", 2, 2)
            yield from setting_lines(use_parameters(use, self.conf), 4)
        for paragraph in doc_of(type(piece.block)):
            yield from wrapped(paragraph, 2)
        yield f"  {piece.block.block}: {source_of(type(piece.block))}"
        names = [name for section in inside(piece, self.whole.provenance) for name in inner_names(section)]
        if names:
            yield from wrapped(
                f"inside of it: {', '.join(names)}; key=model.{piece.path}.{names[0]} explains one", 2, 2
            )

    def placed(self, piece: BlockCopy) -> list[ExplainedSetting]:
        return placement_settings(piece, self.conf)

    def differing(self, piece: BlockCopy, first: BlockCopy) -> list[ExplainedSetting]:
        """Settings of a later copy that are not the first one's."""
        usual = {setting.name: setting.value for setting in block_settings(first, self.conf)}
        if type(piece.block) is not type(first.block):  # what closes a block
            return block_settings(piece, self.conf)
        return [setting for setting in block_settings(piece, self.conf) if setting.value != usual.get(setting.name)]

    def worked(self, piece: BlockCopy, known: dict[object, str]) -> Iterator[str]:
        """One copy: worked out, or like one that was."""
        like = known.setdefault(piece.structure, piece.path)
        if like != piece.path and not piece.is_simple:
            yield from wrapped(f"{piece.path} · as {like} · {passes(piece)}", 0, 2)
            yield from columns(together(piece), 2)
            return
        yield f"{piece.path} · {passes(piece)}"
        yield from steps(piece)
        yield from unused(piece)
        if sum(bool(working.lines) for working in piece.workings) > 1:
            yield "  together"
            yield from columns(together(piece), 4)

    def sums(self, pieces: list[BlockCopy]) -> Iterator[tuple[str, str]]:
        for what, label in (("params", "parameters"), ("macs", "MACs")):
            counts = [count for piece in pieces if (count := getattr(piece.trace, what))]
            if counts:
                yield label, str(total(*counts))
        size = pieces[-1].field.size
        yield "sees", f"{size[0]}×{size[1]} pixels"

    # -- what is inside of one

    def inner(self, subject: find.InnerSteps) -> Iterator[str]:
        piece = subject.piece
        yield from wrapped(f"{subject.path} · inside of {piece.path}, {piece.kind}")
        first = subject.workings[0].step
        yield f"  {source_of(type(piece.block))}"
        yield ""
        yield f"{dims(first.inputs[0] if first.inputs else ())} → {dims(subject.workings[-1].step.shape)}"
        yield from steps(piece, subject.workings)

    # -- settings

    def explained(self, subject: find.BlockSetting) -> ExplainedSetting:
        piece, name = subject.piece, subject.name
        every = [*self.placed(piece), *block_settings(piece, self.conf)]
        if explained := next((setting for setting in every if setting.name == name), None):
            return explained
        path = f"model.{piece.stage}.{name}"
        if name == "block":
            before = self.conf.overridden(path)
            return ExplainedSetting(name, piece.kind, self.conf.where(path), "", before, "what kind of block it is")
        return ExplainedSetting(name, None, "", "not set", doc=find.PLACE[name].description or "")

    def setting(self, subject: find.BlockSetting) -> Iterator[str]:
        setting, piece = self.explained(subject), subject.piece
        yield from wrapped(f"{subject.path} = {one_line(setting.value)}")
        yield from wrapped(setting.doc, 2)
        if known := choices(subject):
            yield from wrapped(f"one of {', '.join(known)}", 2, 2)
        yield from where(setting)
        yield ""
        yield f"{piece.path} · {piece.kind} · {passes(piece)}"
        if subject.name in find.PLACE:
            yield from wrapped(counted(piece), 2, 2)
            return
        named = [w for w in piece.workings if w.step.path.split(".")[0] == subject.name]
        yield from steps(piece, named or None)
        others = list(instead(piece, subject.name))
        if others:
            yield ""
            yield "Instead, of this block alone"
            yield from columns(others, 2)

    def param(self, subject: find.CompositeParameter) -> Iterator[str]:
        for use in subject.piece.uses:
            for setting in use_parameters(use, self.conf):
                if setting.name == subject.name:
                    yield from wrapped(f"{subject.path} = {one_line(setting.value)}", 0, 2)
                    yield f"  parameter of {use.kind}, {self.conf.where(use.path)}"
                    yield from where(setting)
                    return

    def other(self, subject: find.OtherSetting) -> Iterator[str]:
        yield from wrapped(f"{subject.path} = {one_line(short_form(subject.value))}", 0, 2)
        if subject.doc:
            yield from wrapped(subject.doc, 2)
        is_set = any(dotted.within(key, subject.path) for key in self.conf.origins.history)
        place, overrode = self.conf.where(subject.path) if is_set else "", self.conf.overridden(subject.path)
        yield from where(ExplainedSetting(subject.path, subject.value, place, "" if place else "default", overrode))
        yield from wrapped(consequence(subject.path), 2, 2)

    def defined(self, subject: find.CompositeDefinition) -> Iterator[str]:
        made = subject.made
        yield from wrapped(f"{subject.path} · a block that YAML defines, {self.conf.where(subject.path)}", 0, 2)
        if made.params:
            yield "  parameters"
            yield from columns([(name, one_line(value)) for name, value in made.params.items()], 4)
        yield "  is"
        yield from wrapped(one_line(dict(made.root)), 4, 2)
        every = self.whole.provenance.uses.items()
        used = [address for address, uses in every if any(use.kind == made.name for use in uses)]
        yield from wrapped(f"used by {', '.join(used)}" if used else "no block of this network is one", 2, 2)


def inner_names(section: Section) -> list[str]:
    """The names of blocks inside of a combinator: of a body's blocks, of a branch."""
    return [section.path.rpartition(".")[2]] if ".branches." in section.path else list(section.stages)


def consequence(path: str) -> str:
    """What it means for a run, and for comparing runs, that a setting has another value."""
    if not affects_result(path):
        return "another value changes no result: it is the same experiment"
    if names_arm(path):
        return "another value is another experiment, and another arm of a comparison"
    fair = "may all the same be compared" if may_differ(path) else "are compared only where a sweep varies it"
    return f"another value is another experiment, but no other arm; runs that differ in it {fair}"


def where(setting: ExplainedSetting) -> Iterator[str]:
    """Where a setting was set, and what it overrode."""
    why = f"({setting.why})" if setting.why and setting.where else setting.why
    yield from wrapped(" ".join(filter(None, ("set by", setting.where, why))) if setting.where else setting.why, 2, 2)
    for overridden in setting.overrode:
        yield from wrapped(str(overridden), 4, 2)
