"""`task=new`: a network of one's own, as a file that begins as another one and can be changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnnlab.cli.tasks import Task, TaskContext
from cnnlab.errors import Exit, Fault, UserError

if TYPE_CHECKING:
    from cnnlab.config.engine import HydraEngine

USUAL = "lenet"

TEXT = """\
{modeline}# {name}: begins as {base}; what stands below is changed in it, or added. Without the `#`, these lines count:
#   {summary}
#   {diff}
defaults: [/model/{base}@_here_, _self_]

# norm: none                     # of all blocks; or batch, group, layer, instance
# body:
{examples}"""


class New(Task):
    """Task that writes `conf/model/NAME.yaml` where the user stands, or below the folder that `dir=` names."""

    name = "new"
    help = "a network of your own: new mine from=resnet18 writes conf/model/mine.yaml"
    about_files = True

    def run(self, context: TaskContext) -> Exit:
        """Never overwrite. UserError for a name that is taken, or a network to begin as that there is not."""
        from cnnlab.cli.arguments import Arguments
        from cnnlab.cli.own_files import check_option, find_option, folder_for_own, modeline, options, write_new
        from cnnlab.origin import COMMAND_LINE
        from cnnlab.program import command
        from cnnlab.untrusted.terminal import Output

        if context.composed.faults:
            raise UserError(*context.composed.faults)
        arguments, folders = Arguments(overrides=context.composed.overrides), context.engine.folders
        name, base = arguments.value("name"), arguments.value("from") or USUAL
        if not name:
            raise UserError(Fault("name", f"say what it is called: {command('new', 'mine', 'from=resnet18')}"))
        check_option(name, "mine, or papers/mine")
        find_option(folders, "model", base, "from")
        if name in options(folders, "model"):
            message = f"there is a network {name!r} already; give yours another name"
            raise UserError(Fault("name", message, origin=COMMAND_LINE))
        conf = folder_for_own(arguments.value("dir"))
        file, summary = conf / "model" / f"{name}.yaml", command(f"model={name}", "task=summary")
        text = TEXT.format(
            modeline=modeline(file, conf),
            name=name,
            base=base,
            summary=summary,
            diff=command(f"model={name}", "task=diff", f"against=model={base}"),
            examples=_examples(context.engine, base),
        )
        write_new(file, text, "name")
        Output().print(f"{file}: begins as {base}. What it is: {summary}", highlight=False, soft_wrap=True)
        return Exit.DONE


def _examples(engine: HydraEngine, base: str) -> str:
    """Changes to blocks that the network `base` has, as comments."""
    from cnnlab.config.compose import compose

    body: dict[str, Any] = compose(engine.config_loader, "config", [f"model={base}"]).config["model"]["body"]
    first = next(iter(body))
    counts = ((setting, value) for setting, value in body[first].items() if type(value) is int)
    setting, value = next(counts, ("repeat", 2))
    lines = (
        (f"{first}: {{{setting}: {value}}}", "a setting of one block"),
        (f"{list(body)[-1]}: null", "without that block"),
        (f"extra: {{block: conv, channels: 64, after: {first}}}", "one block more"),
    )
    return "".join(f"#   {change:<28} # {effect}\n" for change, effect in lines)
