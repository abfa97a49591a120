"""What `--help` prints, before Hydra or torch start: tasks, groups and their options, examples."""

from __future__ import annotations

import platform
import textwrap
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from cnnlab.cli.tasks import SHIPPED, TASKS
from cnnlab.program import command_words

MORE = {"optimizer": "(and all others of torch.optim by their names in small letters: rmsprop, radam, muon …)"}
"""what a group has besides its files"""

TUNING = """\
  weights=FILE, a run's folder, or a published name (torchvision/resnet18); task=summary tells what would be taken
  adapt=[channels,classes,shapes]   in what the weights may differ; the output layer, or such layers, then start anew
  model.freeze=[body.stem,*.norm]   what does not learn; 'model.freeze={body: 3}' for three epochs
  'optimizer.lr_factors={body: 0.1}' 'optimizer.weight_decay_factors={*.norm: 0}'   factors for the blocks named
"""

EXAMPLES = (
    ("model=resnet18", "train on 10,000 images that ship with cnnlab"),
    ("model=resnet18 model.norm=none model.body.stage3.repeat=6", ""),
    ("model=vgg11 'model.body.extra={block: conv, channels: 64, after: stage2}' task=summary", ""),
    ("-m model=lenet model.norm=none,batch seed=0,1,2", "every combination, compared"),
)
"""what follows the program's name, and what it does"""


def version_text() -> str:
    """What runs here, as a report of a bug needs it; torch is asked for its number and not imported."""
    versions = [f"{name} {_version(name)}" for name in ("cnnlab", "torch")]
    return ", ".join([*versions, f"Python {platform.python_version()}"])


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "is not installed"


def help_text(folders: Sequence[Path]) -> str:
    """The whole page; groups and options are read from the `folders` of configuration."""
    tasks = "\n".join(f"  task={name:<11}{TASKS[name].help}" for name in SHIPPED)
    names = {group.name for folder in folders for group in folder.iterdir() if any(group.rglob("*.yaml"))}
    groups = "\n".join(_group(name, folders) for name in sorted(names))
    run = " ".join(command_words())
    examples = "\n".join(f"  {run} {words:<57}{effect}".rstrip() for words, effect in EXAMPLES)
    return f"""\
cnnlab: describe a CNN in YAML as a stack of named blocks, change one setting, and get an answer you can trust.

  {run} [task=TASK] [GROUP=OPTION …] [KEY=VALUE …] [-m]

Tasks
{tasks}

Groups and their options (files in conf/)
{groups}

Any setting of any block can be changed, whether or not its file spells it; a typo is caught:
  model.body.NAME.SETTING=VALUE   model.body.NAME=null   'model.body.NAME={{block: KIND, …, after: OTHER}}'

Starting from weights, and fine-tuning
{TUNING}
Examples
{examples}

Questions with their verdicts (conf/study/): {run} study=batchnorm     more images and seeds: study.size=full
A sweep given again goes on where it was; retry=failed trains failed jobs anew; jobs=N at once; timeout=10m a job

Completion: eval "$({run} --shell-completion install=bash)" (or zsh); fish: … install=fish | source
--version: of cnnlab, torch and Python, for reports of bugs
Hydra's own flags: --cfg job (the composed configuration), --info, --config-dir DIR, --hydra-help
"""


def _group(group: str, folders: Sequence[Path]) -> str:
    files = {
        str(file.relative_to(folder / group).with_suffix(""))
        for folder in folders
        for file in (folder / group).rglob("*.yaml")
    }
    options = [*sorted(files), *([MORE[group]] if group in MORE else [])]
    return textwrap.fill(" ".join(options), 110, initial_indent=f"  {group:<11}", subsequent_indent=" " * 13)
