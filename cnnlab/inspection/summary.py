"""What was seen, as plain data and as a few lines."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from cnnlab.inspection.calibration import Calibration
from cnnlab.inspection.look import Inspection, Shown
from cnnlab.inspection.shifts import Moved
from cnnlab.text import number, percent


def record(look: Inspection) -> dict[str, Any]:
    """The numbers of the page; lists along `shifts/agree` are rows moved down, in them columns moved right."""
    return {
        "checkpoint": str(look.checkpoint),
        "model": look.title,
        "input": list(look.input),
        "classes": list(look.classes),
        "images": [_image(one, look.classes, look.answers, place) for place, one in enumerate(look.shown)],
        "blocks": [asdict(one) for one in look.stats],
        "kernels": [asdict(one) for one in look.kernels],
        "calibration": {**_calibration(look.calibration), "images": look.tested},
        "temperature": look.temperature,
        "calibration_with_temperature": _calibration(look.softened),
        "shift": {**look.shift, "images": look.moved},
        "shifts": {"agree": look.grid.agreement.tolist(), "acc": look.grid.accuracy(look.truth).tolist(),
                   "images": look.gridded},
    }  # fmt: skip


def _image(one: Shown, classes: tuple[str, ...], answers: Moved, place: int) -> dict[str, Any]:
    shifted = [[classes[i] for i in row] for row in answers.predicted[:, :, place].tolist()]
    truth = {} if one.truth is None else {"truth": classes[one.truth]}
    shares = dict(zip(classes, one.probabilities.tolist(), strict=True))
    return {"image": one.name, **truth, "probabilities": shares, "shifted": shifted}


def _calibration(found: Calibration) -> dict[str, Any]:
    return {**asdict(found), "bins": [asdict(one) for one in found.bins]}


def lines(look: Inspection) -> list[str]:
    """The terminal's summary."""
    found, quiet = look.calibration, [one for one in look.stats if one.dead]
    weakest = min(look.kernels, key=lambda one: one.gradient) if look.kernels else None
    said = [
        f"{look.title}: {percent(found.accuracy, 1)} of {look.tested:,} test images right, "
        f"{percent(found.confidence, 1)} sure on average",
        f"calibration: ECE {percent(found.ece, 1)}, "
        f"with logits / {number(look.temperature)} {percent(look.softened.ece, 1)}",
        "moved by 1, 2, 3 pixels: "
        + ", ".join(percent(look.shift[f"shift/agree_{pixels}"], 1) for pixels in (1, 2, 3))
        + " keep their answer",
    ]
    if quiet:
        said.append(f"dead channels: {', '.join(f'{one.name} {one.dead} of {one.channels}' for one in quiet[:6])}")
    if weakest:
        said.append(f"weakest gradient: {weakest.name}, {number(weakest.gradient)} (weights {number(weakest.weight)})")
    return said
