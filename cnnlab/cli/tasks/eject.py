"""`task=eject`: a copy of a shipped file, to be changed."""

from __future__ import annotations

from cnnlab.cli.tasks import Task, TaskContext
from cnnlab.errors import Exit, Fault, UserError


class Eject(Task):
    """Task that copies a shipped file of a group into `conf` where the user stands, or into the folder of `dir=`."""

    name = "eject"
    help = "a copy of a shipped file to change: eject model/resnet18 writes conf/model/resnet18.yaml"
    about_files = True

    def run(self, context: TaskContext) -> Exit:
        """Never overwrite. UserError where no such file is shipped."""
        from cnnlab.cli.arguments import Arguments
        from cnnlab.cli.own_files import find_option, folder_for_own, modeline, with_modeline, write_new
        from cnnlab.errors import near
        from cnnlab.origin import COMMAND_LINE
        from cnnlab.program import command, shipped_conf
        from cnnlab.schema.files import FOLDER
        from cnnlab.untrusted.terminal import Output

        if context.composed.faults:
            raise UserError(*context.composed.faults)
        arguments, shipped = Arguments(overrides=context.composed.overrides), shipped_conf()
        group, slash, option = (arguments.value("name") or "").removesuffix(".yaml").partition("/")
        if not slash:
            example = command("eject", "model/resnet18")
            raise UserError(Fault("name", f"say which file, as group and option: {example}", origin=COMMAND_LINE))
        groups = sorted(folder.name for folder in shipped.iterdir() if folder.is_dir() and folder.name != FOLDER)
        if group not in groups:
            message = f"there is no group {group!r}{near(group, groups)}"
            raise UserError(Fault("name", message, origin=COMMAND_LINE))
        source = find_option([shipped], group, option, "name")
        conf = folder_for_own(arguments.value("dir"))
        file = conf / group / f"{option}.yaml"
        text = source.read_text(encoding="utf-8")
        write_new(file, with_modeline(text, modeline(file, conf)), "name")
        message = f"{file}: counts in the place of the shipped {group}/{option}, also for files that start from it"
        Output().print(message, highlight=False, soft_wrap=True)
        return Exit.DONE
