"""Reading of the group `data`: its settings, what does not go together in them, and a folder's classes."""

from __future__ import annotations

from typing import Any

from cnnlab.data.source import Source
from cnnlab.data.sources import read_source
from cnnlab.errors import Fault, UserError, meant


def read_data(raw: Any, reads_images: bool) -> tuple[Source | None, list[Fault]]:
    """The data's settings. A folder's classes are its directories; what only images can show is left for later."""
    data, faults = read_source(raw)
    if data is None:
        return None, [*faults, *(_mismatches_of_rest(raw, faults) if reads_images else [])]
    if reads_images:
        faults = data.mismatches()
    if data.classes is None and data.dir is not None:
        try:
            names = data.class_names()
        except UserError as error:
            return data, [*faults, *error.faults]
        data = data.model_copy(update={"classes": len(names), "names": data.names or names})
    elif data.classes is None and not faults:
        faults = [Fault("data.classes", "how many classes are there? Say so, or where the images lie (data.dir)")]
    return data, faults


def _mismatches_of_rest(raw: Any, faults: list[Fault]) -> list[Fault]:
    """What does not go together in data's settings, without those that are at fault by themselves."""
    known = list(Source.model_fields)
    wrong = {fault.path.removeprefix("data.") for fault in faults}
    lost = {f"data.{meant(name, known) or name}" for name in wrong}
    if not isinstance(raw, dict):
        return []
    rest, _ = read_source({name: value for name, value in raw.items() if name not in wrong})
    return [fault for fault in rest.mismatches() if fault.path not in lost] if rest else []
