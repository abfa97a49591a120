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
        "images": [_image(image, look.classes, look.answers, place) for place, image in enumerate(look.shown)],
        "blocks": [asdict(block) for block in look.stats],
        "kernels": [asdict(kernel) for kernel in look.kernels],
        "calibration": {**_calibration(look.calibration), "images": look.tested},
        "temperature": look.temperature,
        "calibration_with_temperature": _calibration(look.softened),
        "shift": {**look.shift, "images": look.moved},
        "shifts": {"agree": look.grid.agreement.tolist(), "acc": look.grid.accuracy(look.truth).tolist(),
                   "images": look.gridded},
    }  # fmt: skip


def _image(image: Shown, classes: tuple[str, ...], answers: Moved, place: int) -> dict[str, Any]:
    shifted = [[classes[i] for i in row] for row in answers.predicted[:, :, place].tolist()]
    truth = {} if image.truth is None else {"truth": classes[image.truth]}
    shares = dict(zip(classes, image.probabilities.tolist(), strict=True))
    return {"image": image.name, **truth, "probabilities": shares, "shifted": shifted}


def _calibration(calibration: Calibration) -> dict[str, Any]:
    return {**asdict(calibration), "bins": [asdict(filled) for filled in calibration.bins]}


def lines(look: Inspection) -> list[str]:
    """The terminal's summary."""
    calibration, quiet = look.calibration, [block for block in look.stats if block.dead]
    weakest = min(look.kernels, key=lambda kernel: kernel.gradient) if look.kernels else None
    lines = [
        f"{look.title}: {percent(calibration.accuracy, 1)} of {look.tested:,} test images right, "
        f"{percent(calibration.confidence, 1)} sure on average",
        f"calibration: ECE {percent(calibration.ece, 1)}, "
        f"with logits / {number(look.temperature)} {percent(look.softened.ece, 1)}",
        "moved by 1, 2, 3 pixels: "
        + ", ".join(percent(look.shift[f"shift/agree_{pixels}"], 1) for pixels in (1, 2, 3))
        + " keep their answer",
    ]
    if quiet:
        lines.append(
            f"dead channels: {', '.join(f'{block.name} {block.dead} of {block.channels}' for block in quiet[:6])}"
        )
    if weakest:
        lines.append(f"weakest gradient: {weakest.name}, {number(weakest.gradient)} (weights {number(weakest.weight)})")
    return lines
