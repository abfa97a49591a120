"""`task=schema`: the JSON Schema of the configuration's files, for editors and for completion in the shell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from cnnlab.cli.arguments import Arguments
from cnnlab.cli.output import Output
from cnnlab.config.composed import Composed
from cnnlab.config.files import shown
from cnnlab.errors import Exit, Fault, UserError

if TYPE_CHECKING:
    from cnnlab.config.engine import Engine


def schema(hydra: Engine, arguments: Arguments, composed: Composed) -> Exit:
    """Write it beside the files it is of, or into the folder that `dir=` names; blocks of `plugins=` are in it."""
    from cnnlab.schema.files import FOLDER, made, write

    if composed.faults:
        from cnnlab.cli.check import note
        from cnnlab.cli.main import complain

        return complain(note(fault, composed) for fault in composed.faults)
    confs = folders(hydra)
    named = arguments.value("dir")
    folder = Path(named).expanduser() if named else confs[0] / FOLDER
    texts = made(confs)
    try:
        changed = write(folder, texts)
    except OSError as error:
        raise UserError(Fault("dir", f"{folder} cannot be written: {(error.strerror or str(error)).lower()}")) from None
    if arguments.value("format") == "json":
        print(json.dumps({"folder": str(folder), "files": sorted(texts), "changed": [file.name for file in changed]}))
    else:
        said = f"changed: {', '.join(file.name for file in changed)}" if changed else "none changed"
        Output().print(f"{shown(folder)}: {len(texts)} schemas, {said}", highlight=False, soft_wrap=True)
    return Exit.DONE


def folders(hydra: Engine) -> list[Path]:
    """Where configuration is looked for, the first one first."""
    loader = hydra.config_loader
    return [Path(source.path) for source in loader.get_sources() if source.scheme() == "file"]
