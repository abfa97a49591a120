"""Tables, pictures and files of a finished run in W&B's own types."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cnnlab.tracking.checkpoints import find_checkpoint
from cnnlab.tracking.folder import slug
from cnnlab.tracking.mirror import content
from cnnlab.tracking.reader import RunFolder

MOST_CLASSES = 100
"""in a confusion matrix; W&B's tables hold 10,000 rows"""


def media(folder: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """What the tested network got right and wrong: confusion matrix, accuracy a class, worst predictions, overview."""
    import wandb

    shown: dict[str, Any] = {}
    if (folder / "overview.png").exists():
        shown["overview"] = wandb.Image(str(folder / "overview.png"))
    if (tested := content.tested(folder)) is None:
        return shown
    names, matrix = tested["classes"], tested["confusion"]
    if len(names) <= MOST_CLASSES:
        shown["test/confusion"] = confusion(names, matrix)
    shown["test/per_class"] = per_class(names, matrix)
    if worst := tested["worst"][: settings.get("images", 0)]:
        shown["test/worst"] = _worst(worst)
    return shown


def confusion(names: list[str], matrix: list[list[int]]) -> Any:
    """W&B's own chart, from counts (true class, predicted class)."""
    import wandb

    cells = [
        [actual, predicted, count]
        for actual, row in zip(names, matrix, strict=True)
        for predicted, count in zip(names, row, strict=True)
    ]
    table = wandb.Table(columns=["Actual", "Predicted", "nPredictions"], data=cells)
    fields = {"Actual": "Actual", "Predicted": "Predicted", "nPredictions": "nPredictions"}
    return wandb.plot_table("wandb/confusion_matrix/v1", table, fields, {"title": "Test images"})


def per_class(names: list[str], matrix: list[list[int]]) -> Any:
    """A bar a class: the share of its test images that were seen as it."""
    import wandb

    rows = [
        [name, row[index] / sum(row) if sum(row) else None, sum(row)]
        for index, (name, row) in enumerate(zip(names, matrix, strict=True))
    ]
    table = wandb.Table(columns=["class", "accuracy", "images"], data=rows)
    return wandb.plot.bar(table, "class", "accuracy", title="Test accuracy by class")


def _worst(predictions: list[dict[str, Any]]) -> Any:
    import wandb

    table = wandb.Table(columns=["image", "true", "predicted", "p(predicted)", "p(true)", "test image"])
    for prediction in predictions:
        image = wandb.Image(content.picture(prediction["image"]))
        table.add_data(
            image,
            prediction["true"],
            prediction["predicted"],
            prediction["p_predicted"],
            prediction["p_true"],
            prediction["index"],
        )
    return table


def log_model(run: Any, folder: Path, record: RunFolder) -> str:
    """The best checkpoint as an artifact of the run's network; its name."""
    import wandb

    facts = {key: (record.result or {}).get(key) for key in ("best/val_acc", "best/epoch", "test/acc", "identity")}
    made = wandb.Artifact(f"{slug(str(record.facts.get('model')))}-{run.id}", "model", metadata=facts)
    made.add_file(str(find_checkpoint(folder)), name="best.ckpt")
    run.log_artifact(made, aliases=["best", "latest"])
    return made.name


def log_code(run: Any) -> bool:
    """The YAML and Python files below the current folder; what hides, and what runs left there, stays."""
    here = Path.cwd()

    def wanted(path: str) -> bool:
        parts = Path(path).relative_to(here).parts
        return path.endswith((".py", ".yaml", ".yml")) and not any(p.startswith(".") or p == "outputs" for p in parts)

    return run.log_code(str(here), include_fn=wanted) is not None
