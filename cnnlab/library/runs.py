"""`cnnlab.train`: the run that the same words on a command line make, and what it left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnlab.errors import Exit, UserError
from cnnlab.library.composing import engine, override_words
from cnnlab.library.notebook import add_defined_kinds, main_kinds
from cnnlab.plugins import MAIN

if TYPE_CHECKING:
    from cnnlab.experiment.restore import Predictor


@dataclass(frozen=True)
class TrainedRun:
    """A run's folder, read; in a notebook its picture."""

    folder: Path

    @cached_property
    def result(self) -> dict[str, Any]:
        """How it ended, as result.json has it: `status`, `test/acc` and the rest."""
        from cnnlab.tracking.reader import RunFolder

        return RunFolder(self.folder).result or {}

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """Its epochs, as metrics.jsonl has them."""
        from cnnlab.tracking.reader import RunFolder

        return RunFolder(self.folder).rows

    @property
    def curves(self) -> Any:
        """Its epochs as a DataFrame, where pandas is installed; else `rows`."""
        return frame(self.rows)

    @cached_property
    def model(self) -> Predictor:
        """The network of its best epoch, which takes uint8 images (B, C, H, W) of any size."""
        from cnnlab.experiment.restore import load

        return load(self.folder)

    def __repr__(self) -> str:
        accuracy = self.result.get("test/acc")
        judged = f", test accuracy {accuracy:.4f}" if isinstance(accuracy, float) else ""
        return f"TrainedRun({str(self.folder)!r}, {self.result.get('status')}{judged})"

    def _repr_html_(self) -> str:
        from base64 import b64encode

        from cnnlab.pages.markup import Markup, tag

        picture = self.folder / "overview.png"
        image: list[Markup] = []
        if picture.exists():
            source = f"data:image/png;base64,{b64encode(picture.read_bytes()).decode()}"
            image.append(tag("img", src=source, alt="learning curves", style="max-width: 100%"))
        return str(tag("div", [tag("p", repr(self)), *image]))


def train(*overrides: str, plugins: Sequence[str] = (), **settings: Any) -> TrainedRun:
    """Train as the command line does with the same words: folder, resumption, record and numbers are the same.

        run = cnnlab.train("model=resnet18", "data=cifar10", seed=0)

    `plugins` are modules with kinds of your own; those that a notebook defines are known by themselves. A run that is
    there already, finished, is not trained again. Progress is printed; `"trainer.progress=false"` prints less.

    Raises UserError for what is wrong with the settings, KeyboardInterrupt where it is interrupted: the same call then
    goes on.
    """
    from cnnlab.cli.jobs import checked_context, run_in_folder

    add_defined_kinds()
    named = [*plugins, *([MAIN] if main_kinds() else [])]
    words = [*([f"plugins=[{','.join(named)}]"] if named else []), *override_words(overrides, settings)]
    with engine() as hydra:
        task, context = checked_context(hydra, "config", [*words, "task=train"])
        code, folder = run_in_folder(task, context)
    if code in (Exit.INTERRUPTED, Exit.TERMINATED):
        raise KeyboardInterrupt(f"interrupted; the same call goes on in {folder}")
    if code not in (Exit.DONE, Exit.DIVERGED):
        raise UserError(code=code)
    return TrainedRun(folder)


def frame(rows: Sequence[dict[str, Any]]) -> Any:
    """Rows as a DataFrame where pandas is installed, else as they are."""
    try:
        import pandas  # pyright: ignore[reportMissingImports]
    except ImportError:
        return list(rows)
    return pandas.DataFrame(list(rows))
