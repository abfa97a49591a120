"""A folder in Hugging Face's form: settings, weights and a card. `cnnlab.load` reads it as it reads a stranger's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cnnlab.errors import Fault, UserError
from cnnlab.experiment.hub_folder import CONFIG, WEIGHTS
from cnnlab.experiment.restore import restore
from cnnlab.exporting.exportable import Exportable
from cnnlab.exporting.format import Format, Runner
from cnnlab.exporting.weights import safetensors
from cnnlab.network.graph import graph
from cnnlab.text import dims
from cnnlab.tracking.durable import write, write_json

CARD = "README.md"
KEPT = ("config", "classes", "mean", "std", "value_range")
"""what of a checkpoint's record its reader needs"""


class HubFolder(Format):
    """The network as plain settings (config.json), its weights (model.safetensors), the run's figures (README.md)."""

    name = "hub"
    tolerance = 0.0

    def check(self, exportable: Exportable) -> None:
        if not exportable.is_trained:
            raise UserError(Fault("format", "hub is for trained networks: ckpt_path=outputs/…"))

    def write(self, exportable: Exportable, folder: Path) -> list[Path]:
        record = {key: exportable.record[key] for key in KEPT if key in exportable.record}
        record["config"] = without_paths(record["config"])
        config = {"model_type": "cnnlab", **exportable.described(), "record": record}
        write_json(folder / CONFIG, config)
        write(folder / WEIGHTS, safetensors(exportable.state, {"format": "pt"}))
        write(folder / CARD, card(exportable))
        return [folder / CONFIG, folder / WEIGHTS, folder / CARD]

    def runner(self, exportable: Exportable, written: list[Path]) -> Runner:
        return restore(written[0].parent).predictor


def without_paths(config: Mapping[str, Any]) -> dict[str, Any]:
    """A run's settings without what they tell of its machine: where its images and its first weights lay."""
    data = dict(config.get("data") or {})
    if isinstance(data.get("dir"), str):
        data["dir"] = Path(data["dir"]).name
    if data.get("cache_dir"):
        data["cache_dir"] = None
    return {**config, "data": data, **{key: None for key in ("weights", "ckpt_path") if config.get(key)}}


def card(exportable: Exportable) -> str:
    """The page that people read first: what it is, how good, how that is known, and how to load it."""
    paper = graph(exportable.network, exportable.shape)
    accuracy = exportable.result.get("test/acc")
    count, shape = exportable.result.get("test/images"), dims(exportable.shape)
    classes = _line(", ".join(exportable.classes[:20])) + (", …" if len(exportable.classes) > 20 else "")
    head = {"library_name": "cnnlab", "tags": ["image-classification", "cnnlab", "convolutional"]}
    lines = [
        "---",
        *(f"{key}: {json.dumps(value)}" for key, value in head.items()),
        "pipeline_tag: image-classification",
        "---",
        "",
        f"# {_line(exportable.name)}",
        "",
        f"A network of {paper.params:,} parameters and {paper.macs:,} multiply-adds, for images of {shape} and "
        f"{len(exportable.classes)} classes: {classes}.",
        "",
        *_accuracy(accuracy, count, exportable.record),
        "",
        "```python",
        "import cnnlab",
        "",
        'net = cnnlab.load("this/folder")  # uint8 images (B, C, H, W) of any size -> logits',
        'net.predict(["photo.png"])',
        "```",
        "",
        f"Run: `{exportable.identity or 'unknown'}`, made by cnnlab {version('cnnlab')}. `config.json` holds all of",
        "its settings; nothing in this folder can run code.",
        "",
    ]
    return "\n".join(lines)


def _accuracy(accuracy: Any, count: Any, record: Mapping[str, Any]) -> list[str]:
    """How good it is, between which bounds, and how that was found."""
    if not isinstance(accuracy, float):
        return ["How good it is was not recorded with it."]
    seed = record.get("config", {}).get("seed", 0)
    text = f"Test accuracy: {accuracy:.4f}"
    if isinstance(count, int) and count > 0:
        low, high = wilson(accuracy, count)
        text += f" ({low:.4f} to {high:.4f}: the 95 % interval for {count:,} test images)"
    return [
        f"{text}.",
        "",
        f"This is one run with one seed ({seed}): the interval says what another draw of test images might have",
        "given, not what another seed would. The weights are those of the best epoch on validation images; test",
        "images chose nothing.",
    ]


def wilson(share: float, count: int) -> tuple[float, float]:
    """The 95 % interval of a share of so many: Wilson 1927, doi:10.1080/01621459.1927.10502953.

    >>> [round(bound, 4) for bound in wilson(0.84, 2000)]
    [0.8233, 0.8554]
    """
    z = 1.959964
    center, spread = share + z * z / (2 * count), z * (share * (1 - share) / count + z * z / (4 * count**2)) ** 0.5
    return (center - spread) / (1 + z * z / count), (center + spread) / (1 + z * z / count)


def _line(text: str) -> str:
    """Names in one line of Markdown."""
    return "".join(f"\\{letter}" if letter in "\\`*_<>[]#|" else letter for letter in " ".join(text.split()))
