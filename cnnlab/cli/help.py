"""`python run.py --help`, before Hydra or torch start: tasks, groups and their options, examples."""

from __future__ import annotations

import textwrap
from pathlib import Path

TASKS = {
    "train": "fit the network, then test its best checkpoint once (the default)",
    "test": "ckpt_path=FOLDER_OR_FILE: evaluate a trained network on the test images",
    "predict": "ckpt_path=FOLDER_OR_FILE images=PATH_OR_GLOB: what it sees in your images",
    "report": "dir=SWEEP: judge a sweep, or several, from what is on disk, and rebuild report.html",
    "dashboard": "dir=SWEEP: show its comparison in the workspace of its W&B project (logger=wandb)",
    "sync": "dir=FOLDER: upload what W&B does not have of the runs in it",
    "preflight": "of a sweep or study: its arms with sizes, times and duplicates; trains nothing",
    "draw": "the network as SVG, opened to draw.depth=0,1,…; format=html: a page in which its blocks open",
    "diff": "against='model=resnet34 model.norm=none': two networks, block by block; format=html: a page",
    "inspect": "ckpt_path=FOLDER_OR_FILE [images=…]: a page about what a trained network has learned",
    "schema": "write the JSON Schema of conf/'s files, for editors; with blocks of plugins=, if any",
    "validate": "check every YAML of conf/, or below dir=PATH; all faults at once",
    "summary": "the layer table: shapes, parameters, multiply-adds, receptive fields",
    "explain": "a lesson on the network; key=BLOCK_OR_SETTING: its numbers worked out, where each setting came from",
    "lint": "what in the network's design looks like a mistake, with the reason and the figure",
}

MORE = {"optimizer": "(and all others of torch.optim by their names in small letters: rmsprop, radam, muon …)"}
"""what a group has besides its files"""

TUNING = """\
  weights=FILE, a run's folder, or a published name (torchvision/resnet18); task=summary tells what would be taken
  adapt=[channels,classes,shapes]   in what the weights may differ; the output layer, or such layers, then start anew
  model.freeze=[body.stem,*.norm]   what does not learn; 'model.freeze={body: 3}' for three epochs
  'optimizer.lr_factors={body: 0.1}' 'optimizer.weight_decay_factors={*.norm: 0}'   factors for the blocks named
"""

EXAMPLES = """\
  python run.py model=resnet18                                        train on 10,000 images that ship with cnnlab
  python run.py model=resnet18 model.norm=none model.body.stage3.repeat=6
  python run.py model=vgg11 'model.body.extra={block: conv, channels: 64, after: stage2}' task=summary
  python run.py -m model=lenet model.norm=none,batch seed=0,1,2       every combination, compared
"""


def help_text(conf: Path) -> str:
    """The whole page; groups and options are read from the folder `conf`."""
    tasks = "\n".join(f"  task={name:<11}{said}" for name, said in TASKS.items())
    groups = "\n".join(_group(folder) for folder in sorted(conf.iterdir()) if any(folder.rglob("*.yaml")))
    return f"""\
cnnlab: describe a CNN in YAML as a stack of named blocks, change one setting, and get an answer you can trust.

  python run.py [task=TASK] [GROUP=OPTION …] [KEY=VALUE …] [-m]

Tasks
{tasks}

Groups and their options (files in {conf.name}/)
{groups}

Any setting of any block can be changed, whether or not its file spells it; a typo is caught:
  model.body.NAME.SETTING=VALUE   model.body.NAME=null   'model.body.NAME={{block: KIND, …, after: OTHER}}'

Starting from weights, and fine-tuning
{TUNING}
Examples
{EXAMPLES}
Questions with their verdicts (conf/study/): python run.py study=batchnorm     more images and seeds: study.size=full
A sweep given again goes on where it was; retry=failed trains failed jobs anew; jobs=N at once; timeout=10m a job

Completion: eval "$(python run.py --shell-completion install=bash)" (or zsh); fish: … install=fish | source
Hydra's own flags: --cfg job (the composed configuration), --info, --config-dir DIR, --hydra-help
"""


def _group(folder: Path) -> str:
    names = sorted(str(file.relative_to(folder).with_suffix("")) for file in folder.rglob("*.yaml"))
    names += [MORE[folder.name]] if folder.name in MORE else []
    return textwrap.fill(" ".join(names), 110, initial_indent=f"  {folder.name:<11}", subsequent_indent=" " * 13)
