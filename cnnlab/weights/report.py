"""What was transferred, what not, and why: block by block, as data and as text."""

from __future__ import annotations

from typing import Any

from cnnlab.untrusted.words import few, word
from cnnlab.weights.reading import Weights
from cnnlab.weights.transfer import LayerTransfer, Transfer


def rows(transfer: Transfer) -> list[dict[str, Any]]:
    """For each block how many of its layers were taken of how many, and what is to be said of them.

    Blocks of the file that the network has not follow, with no layers.
    """
    blocks: dict[str, list[LayerTransfer]] = {}
    for layer in transfer.layers:
        blocks.setdefault(_block(layer.name), []).append(layer)
    left: dict[str, list[str]] = {}
    for name in transfer.left:
        left.setdefault(_block(name), []).append(name)
    reported = []
    for block, layers in blocks.items():
        notes = [*_notes(block, layers), *transfer.functions.get(block, ())]
        if block in left:
            notes.append(f"{_within(block, left[block])} of the file: no such layer here")
        taken = sum(layer.taken for layer in layers)
        reported.append({"block": block, "layers": len(layers), "taken": taken, "notes": notes})
    new = [block for block in left if block not in blocks]
    return [*reported, *({"block": block, "layers": 0, "taken": 0, "notes": ["no such block here"]} for block in new)]


def report(transfer: Transfer) -> dict[str, Any]:
    """As weights.json has it."""
    table = rows(transfer)
    counts = {key: sum(row[key] for row in table) for key in ("taken", "layers")}
    return {
        "file": str(transfer.weights.file),
        "names": transfer.weights.layout,
        **counts,
        "blocks": table,
        "unknown": [*transfer.weights.unknown],
        "remarks": transfer.remarks,
    }


def lines(transfer: Transfer) -> list[str]:
    """The report as text: a heading, then a line a block."""
    table = rows(transfer)
    taken, layers = (sum(row[key] for row in table) for key in ("taken", "layers"))
    heading = (
        f"weights from {transfer.weights.file} ({transfer.weights.layout}): {taken} of {layers} layers transferred"
    )
    wide = max(len(row["block"]) for row in table)
    unknown = transfer.weights.unknown
    rest = [f"  not taken: {few(unknown)} (none of {transfer.weights.layout})"] if unknown else []
    remarks = [f"  {remark}" for remark in transfer.remarks]
    return [heading, *(f"  {row['block']:<{wide}}  {_said(row)}".rstrip() for row in table), *rest, *remarks]


def copies(weights: Weights) -> list[str]:
    """What is to be said of a file that holds the weights more than once."""
    others = " and ".join(f"weights_key={word(key)}" for key in weights.others)
    return [f"taken is what stands under {word(weights.key)}; {others} takes the other"] if others else []


def _said(row: dict[str, Any]) -> str:
    count = f"{row['taken']} of {row['layers']}" if row["layers"] else "left out"
    return f"{count:<8}  {'; '.join(row['notes'])}"


def _block(layer: str) -> str:
    return ".".join(layer.split(".")[:2])


def _within(block: str, names: list[str]) -> str:
    return few([name.removeprefix(f"{block}.") for name in names])


def _notes(block: str, layers: list[LayerTransfer]) -> list[str]:
    """Each thing to be said once, with the layers it is said of where they are not the whole block."""
    layers_of: dict[str, list[str]] = {}
    for layer in layers:
        if layer.note:
            layers_of.setdefault(layer.note if layer.taken else f"starts anew: {layer.note}", []).append(layer.name)
    return [
        note if len(names) == len(layers) else f"{_within(block, names)}: {note}" for note, names in layers_of.items()
    ]
