"""`task=validate`: every YAML of the configuration composed and checked, all faults of all files at once."""

from __future__ import annotations

from cnnlab.cli.tasks import Task, TaskContext
from cnnlab.errors import Exit


class Validate(Task):
    """Task that checks files: all, those below the file or folder that `dir=` names, or one study."""

    name = "validate"
    help = "check every YAML of conf/, or below dir=PATH; all faults at once"
    about_files = True

    def run(self, context: TaskContext) -> Exit:
        from cnnlab.cli.arguments import Arguments
        from cnnlab.cli.validation import validate

        composed = context.composed
        return validate(context.engine, Arguments(config_name=composed.primary, overrides=composed.overrides))
