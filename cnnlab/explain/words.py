"""Explanations for a terminal of 80 columns."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

from cnnlab.blocks.block import Block
from cnnlab.blocks.receptive_field import Field
from cnnlab.config.files import shown
from cnnlab.explain.described import described
from cnnlab.explain.explained_setting import ExplainedSetting
from cnnlab.explain.formulas import FormulaLine, Working
from cnnlab.explain.pieces import BlockCopy
from cnnlab.explain.worked import product, total
from cnnlab.text import dims
from cnnlab.yaml_form import one_line

WIDTH = 80


def wrapped(text: str, indent: int = 0, hanging: int = 0) -> list[str]:
    """`text` in lines of at most WIDTH, those after the first `hanging` further in."""
    first, later = " " * indent, " " * (indent + hanging)
    lines = textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=later, break_long_words=False, break_on_hyphens=False
    )
    return lines or [""]


def columns(rows: Iterable[tuple[str, str]], indent: int, gap: int = 2, widest: int = 24) -> Iterator[str]:
    """Pairs, the second ones below each other."""
    rows = list(rows)
    width = min(max((len(left) for left, _ in rows), default=0), widest)
    for left, right in rows:
        yield from wrapped(f"{left:<{width}}{' ' * gap}{right}", indent, width + gap)


def doc_of(cls: type[Block], whole: bool = True) -> list[str]:
    """A kind's docstring in paragraphs, without its examples; or its first sentence."""
    text = inspect.cleandoc(cls.__doc__ or "").split(">>>")[0].strip()
    paragraphs = [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]
    return paragraphs if whole else paragraphs[:1]


def source_of(cls: type[Block]) -> str:
    """The file and line where a kind is written."""
    try:
        file, line = inspect.getsourcefile(cls), inspect.getsourcelines(cls)[1]
    except (OSError, TypeError):
        return cls.__module__
    inside = cls.__module__.startswith("cnnlab.")
    path = "/".join(Path(file or "").parts[-3:]) if inside else shown(Path(file or ""))
    return f"{path}:{line}"


def told(line: FormulaLine) -> str:
    pixels = " pixels" if line.what.startswith(("sees", "apart")) else ""
    return f"{line.worked}{pixels}{' (measured)' if line.measured else ''}"


def steps(piece: BlockCopy, workings: Iterable[Working] | None = None, indent: int = 2) -> Iterator[str]:
    """What a block does, each step with its numbers; or some of the steps."""
    for working in piece.workings if workings is None else workings:
        path = piece.shown(working.step.path)
        named = path and not path.isdigit()  # numbers are names of what needs none
        yield from wrapped(f"{path}: {described(working.step)}" if named else described(working.step), indent, 2)
        yield from columns([(line.what, told(line)) for line in working.lines], indent + 2)


def unused(piece: BlockCopy) -> Iterator[str]:
    """What it has and makes no use of."""
    if piece.trace.idle:
        count = total(*(product(*shape) for shape in piece.trace.idle))
        yield from wrapped(f"parameters that no step makes use of: {count}", 2, 2)


def passes(piece: BlockCopy) -> str:
    return f"{dims(piece.input)} → {dims(piece.trace.shape)}"


def counted(piece: BlockCopy) -> str:
    """What a block costs, and what its output sees."""
    trace = piece.trace
    cost = f"{trace.params:,} parameters" if trace.params else "no parameters"
    macs = f", {trace.macs:,} MACs" if trace.macs else ""
    return f"{cost}{macs}; sees {_pixels(piece.field)}"


def _pixels(field: Field) -> str:
    return f"{field.size[0]}×{field.size[1]} pixels"


def together(piece: BlockCopy) -> Iterator[tuple[str, str]]:
    """The sums over a block's steps."""
    for what, whole in (("parameters", piece.trace.params), ("MACs", piece.trace.macs)):
        parts = [line.worked.value for w in piece.workings for line in w.lines if line.what == what]
        if len(parts) > 1 and sum(parts) == whole:
            yield what, str(total(*parts))
        elif whole:
            yield what, f"{whole:,}"
    yield "sees", _pixels(piece.field)


def setting_lines(settings: Iterable[ExplainedSetting], indent: int = 2) -> Iterator[str]:
    """Settings: value, place and why; those that nothing says in one line at the end."""
    chosen: list[ExplainedSetting] = []
    usual: list[ExplainedSetting] = []
    for setting in settings:
        (chosen if setting.where or setting.why != "default" else usual).append(setting)
    chosen.sort(key=lambda setting: bool(setting.why))
    names = max((len(setting.name) for setting in chosen), default=0)
    values = min(max((len(one_line(setting.value)) for setting in chosen), default=0), 26)
    for setting in chosen:
        left = f"{setting.name:<{names}}  {one_line(setting.value):<{values}}"
        why = f"({setting.why})" if setting.why and setting.where else setting.why
        yield from wrapped(f"{left}  {' '.join(filter(None, (setting.where, why)))}", indent, names + 4)
        for overridden in setting.overrode:
            yield from wrapped(str(overridden), indent + names + 4, 2)
    if usual:
        defaults = ", ".join(f"{setting.name} {one_line(setting.value)}" for setting in usual)
        yield from wrapped(f"default: {defaults}", indent, 2)
