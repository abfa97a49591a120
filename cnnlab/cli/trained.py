"""A trained network as the command line names it: the run behind `ckpt_path=`, and the images for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnlab import dotted
from cnnlab.config.composed import Composed
from cnnlab.config.run import Run
from cnnlab.config.table import traits
from cnnlab.data.entry import SkippedFile
from cnnlab.errors import Fault, UserError
from cnnlab.override import Override
from cnnlab.untrusted.files import Refused
from cnnlab.untrusted.pattern import matches

if TYPE_CHECKING:
    from cnnlab.experiment.restore import Restored

MOST_IMAGES = 100_000
"""files that one command predicts; the table of all of them is kept in memory"""


def restored(run: Run, composed: Composed) -> Restored:
    """The run behind ckpt_path, with what the command line says outright in the place of its own settings."""
    from cnnlab.experiment.restore import restore

    if run.top.ckpt_path is None:
        message = f"task={run.top.task} needs a run's folder or a checkpoint: ckpt_path=outputs/…"
        raise UserError(Fault("ckpt_path", message))
    return restore(Path(run.top.ckpt_path), outright(composed))


def outright(composed: Composed) -> dict[str, Any]:
    """The settings that the command line sets, dotted; a group chosen there counts whole."""
    keys = (Override.read(word).key for word in composed.overrides)
    return {key: dotted.get(composed.config, key) for key in keys if traits(key).of_record}


def image_files(images: str | None) -> tuple[list[Path], list[SkippedFile]]:
    """The files that `images=` names (one, a folder's, those of a pattern), and those of a folder that are no images.

    UserError for none.
    """
    from cnnlab.data.listing import images as in_folder

    if images is None:
        raise UserError(
            Fault("images", "task=predict needs images: a file, a folder, or a pattern such as 'photos/*.png'")
        )
    path, skipped = Path(images).expanduser(), []
    if path.is_dir():
        files, skipped = in_folder(path, "images")
    elif path.is_file():
        files = [path]
    else:
        try:
            files = [match for match in matches(path) if match.is_file()]
        except Refused as error:
            raise UserError(Fault("images", f"{images} {error}")) from None
    if not files:
        raise UserError(Fault("images", f"there are no images at {images}"))
    if len(files) > MOST_IMAGES:
        message = f"{images} names {len(files):,} files; {MOST_IMAGES:,} at a time are the most"
        raise UserError(Fault("images", message))
    return files, skipped


def print_left_out(skipped: Sequence[SkippedFile]) -> None:
    """Say which files of a folder are no images, where standard output is not disturbed by it."""
    from cnnlab.data.data_record import DataNotes
    from cnnlab.data.reading import left_out
    from cnnlab.untrusted.terminal import Output

    for line, _ in DataNotes(left_out(skipped)).lines():
        Output(stderr=True).print(line, soft_wrap=True)
