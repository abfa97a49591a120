"""`task=diff against='…'`: two networks, block by block."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from cnnlab.cli.arguments import read_arguments
from cnnlab.cli.output import Output
from cnnlab.config.compose import compose
from cnnlab.config.composed import Composed
from cnnlab.config.run import Run
from cnnlab.config.table import traits
from cnnlab.door.words import clean, json_text
from cnnlab.errors import Exit, Fault, FaultKind, UserError
from cnnlab.origin import COMMAND_LINE
from cnnlab.override import Override, keys
from cnnlab.traits import Traits

if TYPE_CHECKING:
    from cnnlab.experiment.difference import Difference

KEY = "against"
WIDE = 110
"""columns of a terminal from which on it is said why weights are not taken"""


def other(composed: Composed, known: Collection[Fault] = ()) -> tuple[Run, Composed]:
    """The run that `against` describes, on the data of this one.

    UserError, its faults under `against`; those that are `known` of this run, and of no file of its own, left out.
    """
    from hydra.core.global_hydra import GlobalHydra

    from cnnlab.cli.check import check

    said = composed.config.get(KEY)
    if said is None:
        message = "task=diff compares with another network: against='model=resnet34 model.norm=none'"
        raise UserError(Fault(KEY, message))
    own = _words(str(said))
    words = [*_shared(composed.overrides, own), *own, "task=summary"]
    found = compose(GlobalHydra.instance().config_loader(), composed.primary, words)  # type: ignore[arg-type]
    run, faults = check(found)
    if run is None:
        faults = [_typed(fault) for fault in faults]
        raise UserError(*(Fault(KEY, str(fault)) for fault in faults if fault not in known))
    return run, found


def _typed(fault: Fault) -> Fault:
    """A fault of the other network as it is told of `against`: of what stands in there, the place is plain."""
    if fault.kind is FaultKind.SEVERAL_VALUES:
        fault = replace(fault, message=f"several values ({fault.word}) are more than one network")
    return replace(fault, origin=None) if fault.origin == COMMAND_LINE else fault


def _words(text: str) -> list[str]:
    """`text` as a command line's words. UserError."""
    try:
        found = read_arguments(shlex.split(text))
    except ValueError:
        raise UserError(Fault(KEY, f"{text}: a quote without its end")) from None
    except UserError as error:
        raise UserError(*(Fault(KEY, str(_typed(fault))) for fault in error.faults)) from None
    if found.multirun or found.help or found.shows or found.config_dir or found.config_path:
        raise UserError(Fault(KEY, f"{text}: settings alone can stand here, as in 'model=resnet34 model.norm=none'"))
    return found.overrides


def _shared(words: Sequence[str], own: Sequence[str]) -> list[str]:
    """What holds for the other network, too, unless it is said in its own words: data and whatever else bears on it."""
    said, read = keys(own), [(word, Override.read(word)) for word in words]
    return [word for word, override in read if override.key not in said and _holds_for_both(traits(override.path))]


def _holds_for_both(setting: Traits) -> bool:
    return setting.affects_result and not setting.of_network


def diff(run: Run, composed: Composed, folder: Path) -> Exit:
    """Show what differs; as a page, write diff.html."""
    from cnnlab.experiment.difference import difference
    from cnnlab.experiment.facts import image_shape

    against, theirs = other(composed)
    found = difference((run.network, image_shape(run)), (against.network, image_shape(against)))
    names = named(composed), named(theirs)
    if run.top.format == "json":
        print(json_text({"this": names[0], "against": names[1], **found.record()}, indent=2))
        return Exit.DONE
    console = Output()
    show(found, names, console)
    if run.top.format == "html":
        from cnnlab.cli.diff_page import page
        from cnnlab.tracking.durable import write

        file = folder / "diff.html"
        write(file, page(found, names, (run, against), run.top.draw.theme))
        console.print(f"  {file}", highlight=False, markup=False, soft_wrap=True)
    return Exit.DONE


def named(composed: Composed) -> str:
    """A network as a command line would have it.

    >>> named(Composed(choices={"model": "resnet18"}, overrides=["model=resnet18", "model.norm=none", "seed=1"]))
    'resnet18 model.norm=none'
    """
    changed = [word for word in composed.overrides if re.match(r"[~+]*(model\.|blocks|data\b)", word)]
    return " ".join([composed.choices["model"], *changed])


def show(found: Difference, names: tuple[str, str], console: Output) -> None:
    """The blocks that differ as a table, the others counted, and the totals."""
    title = Text(clean(f"{names[0]} → {names[1]}"))
    table = Table(title=title, title_justify="left", title_style="bold", box=None, header_style="dim", pad_edge=False)
    table.add_column("block", no_wrap=True)
    table.add_column("settings", overflow="fold")
    for heading in ("output", "parameters", "MACs", "sees"):
        table.add_column(heading, justify="right", overflow="fold")
    table.add_column("its weights", overflow="fold")
    lines = list(folded(found))
    for *cells, weights in lines:
        said = [*cells, weights if console.width >= WIDE else weights.partition(";")[0]]
        table.add_row(*(Text(clean(cell)) for cell in said))
    if lines:
        console.print(table)
    console.print(*summed(found), sep="\n", highlight=False, markup=False, soft_wrap=True)


def summed(found: Difference) -> list[str]:
    """The sentences under the table."""
    equal, taken, layers = len(found.rows) - len(found.differing), *found.weights
    blocks = f"{equal} block{'s are' if equal != 1 else ' is'} equal"
    said = [f"{blocks}, {len(found.differing)} differ" if found.differing else f"all {equal} blocks are equal"]
    if found.here.input != found.there.input:
        said.append(f"images {_sized(found.here.input)} → {_sized(found.there.input)}")
    for words, key in (("parameters", "params"), ("parameters of auxiliary heads", "params_aux"), ("MACs", "macs")):
        a, b = getattr(found.here, key), getattr(found.there, key)
        if a or b:
            said.append(f"{words} {a:,} → {b:,}" + (f" ({_ratio(a, b)})" if a != b and a else ""))
    said.append(f"{taken} of {layers} layers here would take the weights of the other (weights=ITS_RUN)")
    return said


def _ratio(a: int, b: int) -> str:
    return f"×{b / a:.2f}" if b < 10 * a else f"×{b / a:,.0f}"


Cells = tuple[str, str, str, str, str, str, str]


def folded(found: Difference) -> Iterable[Cells]:
    """The differing blocks as cells of text; copies of one block that differ in the same way are put together."""
    group: list[Any] = []
    for row in found.differing:
        if (
            group
            and _stage(group[-1].name) == _stage(row.name)
            and _cells([group[0]])[1:5] == _cells([row])[1:5]
            and (_weights([group[0]]) == _weights([row]))
        ):
            group.append(row)
            continue
        if group:
            yield _cells(group)
        group = [row]
    if group:
        yield _cells(group)


def _stage(name: str) -> str:
    """The block of which a row is a copy, or a name that no other row has."""
    block, _, part = name.rpartition(".")
    return block if part.isdigit() else name


def _cells(rows: Sequence[Any]) -> Cells:
    first, last = rows[0], rows[-1]
    name = first.name if len(rows) == 1 else f"{first.name}–{last.name.rpartition('.')[2]}"
    sides = [[getattr(row, side) for row in rows] for side in ("here", "there")]
    each = " each" if len(rows) > 1 else ""
    layers = [side[0].layer if side[0] else None for side in sides]
    sees = [_span([one.layer.receptive_field for one in side]) if side[0] else "–" for side in sides]
    return (
        name,
        _settings(first),
        _change([_sized(one.shape) if one else "–" for one in layers]),
        _counts([one.params if one else None for one in layers], "{:,}".format, each),
        _counts([one.macs if one else None for one in layers], _millions, each),
        _change(sees),
        _weights(rows),
    )


def _settings(row: Any) -> str:
    here, there = row.here, row.there
    if here is None or there is None:
        side = here or there
        return f"{'gone' if here else 'added'}: {side.layer.kind}" if side else ""
    return "\n".join(f"{key} {_shown(a)} → {_shown(b)}" for key, (a, b) in row.settings.items())


def _weights(rows: Sequence[Any]) -> str:
    """What becomes of weights: of the layers that this network has."""
    if rows[0].here is None:
        return ""
    taken, layers = sum(row.weights.taken for row in rows), sum(row.weights.layers for row in rows)
    if not layers:
        return ""
    notes = dict.fromkeys(note for row in rows for note in row.weights.notes)
    said = "all taken" if taken == layers else f"{taken} of {layers} taken"
    return "; ".join([said, *list(notes)[:2]])


def _change(pair: Sequence[str]) -> str:
    """
    >>> _change(["8", "8"]), _change(["8", "16"]), _change(["–", "16"])
    ('8', '8 → 16', '16')
    """
    there = [one for one in pair if one != "–"]
    return " → ".join(dict.fromkeys(there)) if len(set(there)) > 1 else "".join(there[:1])


def _counts(pair: Sequence[int | None], said: Callable[[int], str], each: str) -> str:
    return _change(["–" if one is None else said(one) for one in pair]) + each if any(pair) else ""


def _span(fields: Sequence[tuple[int, int]]) -> str:
    ends = [_sized(fields[0]), _sized(fields[-1])]
    return "–".join(dict.fromkeys(ends))


def _sized(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape))


def _millions(macs: int) -> str:
    return f"{macs / 1e6:,.2f} M" if macs >= 1e4 else f"{macs:,}"


def _shown(value: Any) -> str:
    """
    >>> _shown(True), _shown([3, 1]), _shown("batch"), _shown(None)
    ('true', '[3, 1]', 'batch', '–')
    """
    return "–" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
