"""`task=schema`: the JSON Schema of the configuration's files, for editors and for completion in the shell."""

from __future__ import annotations

import json
from pathlib import Path

from cnnlab.cli.tasks import TASKS, Task, TaskContext
from cnnlab.errors import Exit, Fault, UserError


class Schema(Task):
    """Task that writes JSON Schema files."""

    name = "schema"
    help = "write the JSON Schema of conf/'s files, for editors; with blocks of plugins=, if any"
    about_files = True

    def run(self, context: TaskContext) -> Exit:
        """Write them beside the files they are of, or into the folder that `dir=` names; with kinds of `plugins=`."""
        from cnnlab.cli.arguments import Arguments
        from cnnlab.cli.check import locate
        from cnnlab.cli.messages import complain
        from cnnlab.config.files import shown
        from cnnlab.program import installed
        from cnnlab.schema.files import FOLDER, made, write
        from cnnlab.untrusted.terminal import Output

        composed = context.composed
        if composed.faults:
            return complain(locate(fault, composed) for fault in composed.faults)
        arguments, confs = Arguments(overrides=composed.overrides), context.engine.folders
        named = arguments.value("dir")
        if not named and installed() and len(confs) == 1:
            message = "there is no folder conf here with files of yours; write dir=FOLDER for one beside them"
            raise UserError(Fault("dir", message))
        folder = Path(named).expanduser() if named else confs[0] / FOLDER
        texts = made(confs, list(TASKS))
        try:
            changed = write(folder, texts)
        except OSError as error:
            raise UserError(
                Fault("dir", f"{folder} cannot be written: {(error.strerror or str(error)).lower()}")
            ) from None
        if arguments.value("format") == "json":
            names = [file.name for file in changed]
            print(json.dumps({"folder": str(folder), "files": sorted(texts), "changed": names}))
        else:
            ended = f"changed: {', '.join(file.name for file in changed)}" if changed else "none changed"
            Output().print(f"{shown(folder)}: {len(texts)} schemas, {ended}", highlight=False, soft_wrap=True)
        return Exit.DONE
