"""Command lines that are wrong: each fault is told once, with where it was set and what to write instead."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from sample_networks import NAMES
from stderr_lines import cut, stderr_lines

MODELS = ", ".join(sorted(NAMES, key=lambda name: ("/" in name, name)))

WRONG = {
    # groups and their files
    "model=lenett": ["command line  model: there is no model 'lenett'; did you mean 'lenet'?"],
    "model=d2l/lenett": ["command line  model: there is no model 'd2l/lenett'; did you mean 'd2l/lenet'?"],
    "model=zzz": [f"command line  model: there is no model 'zzz'; there are {MODELS}"],
    "model=": [f"command line  model: there is no model ''; there are {MODELS}"],
    "model=null": [f"command line  model: there is no model null; there are {MODELS}"],
    "optimizer=foo": ["command line  optimizer: there is no optimizer 'foo'; there are adadelta, adafactor, …"],
    "trainer=ddp": ["command line  trainer: there is no trainer 'ddp'; there are default"],
    "hydra/launcher=joblib": [
        "command line  hydra/launcher: there is no hydra/launcher 'joblib'; there are basic",
    ],
    "~model": [f"command line  model: cannot be left out; choose one of {MODELS}"],
    "augment=[flip,cutout]": [
        "command line  augment: takes one file; -m augment=flip,cutout compares them",
    ],
    "model@head=lenet": ["command line  model: Could not override 'model@head'. Did you mean to override model?"],
    # what other programs call a setting, or where it does not stand
    "lr=0.1 epochs=3 batch_size=64 learning_rate=0.1 momentum=0.9 weight_decay=0 width=2 norm=none": [
        "command line  lr: cnnlab has no such setting; did you mean 'optimizer.lr'?",
        "command line  epochs: cnnlab has no such setting; did you mean 'trainer.max_epochs'?",
        "command line  batch_size: cnnlab has no such setting; did you mean 'data.batch_size'?",
        "command line  learning_rate: cnnlab has no such setting; did you mean 'optimizer.lr'?",
        "command line  momentum: cnnlab has no such setting; did you mean 'optimizer.momentum'?",
        "command line  weight_decay: cnnlab has no such setting; did you mean 'optimizer.weight_decay'?",
        "command line  width: cnnlab has no such setting; did you mean 'model.width'?",
        "command line  norm: cnnlab has no such setting; did you mean 'model.norm'?",
    ],
    "optimizer.learning_rate=1 loss.weights=balanced trainer.epochs=3 trainer.lr=1 model.body.c1.filters=3": [
        "command line  trainer.epochs: the trainer has no such setting; did you mean 'max_epochs'?",
        "command line  trainer.lr: the trainer has no such setting; did you mean 'optimizer.lr'?",
        "command line  optimizer.learning_rate: sgd has no such setting; did you mean 'lr'?",
        "command line  loss.weights: cross_entropy has no such setting; did you mean 'class_weights'?",
        "command line  model.body.c1.filters: conv has no such setting; did you mean 'channels'?",
    ],
    "augment.rotate=10 trainer.max_time=3 num_workers=4 pretrained=true": [
        "command line  num_workers: cnnlab has no such setting; images are held in memory, so there are no processes …",
        "command line  pretrained: cnnlab has no such setting; write weights=NAME, such as weights=…",
        "command line  augment.rotate: augment has no such setting; no augmentation turns images; one of …",
        "command line  trainer.max_time: the trainer has no such setting; trainer.max_epochs and trainer.…",
    ],
    "resnet18 sgd": [
        "command line  resnet18: an override is KEY=VALUE; did you mean model=resnet18?",
        "command line  sgd: an override is KEY=VALUE; did you mean optimizer=sgd?",
    ],
    # what is said of a group that could not be chosen does not count
    "model=foo model.body.stage9.x=3 data.size=3": [
        f"command line  model: there is no model 'foo'; there are {MODELS}"
    ],
    "data=mnst data.size=-4 model.nrm=3": [
        "command line  data: there is no data 'mnst'; did you mean 'mnist'?",
        "command line  model.nrm: a model has no such setting; did you mean 'norm'?",
    ],
    # faults of the data that do not bear on shapes do not hide those of the network
    "model=lenet data.batch_size=0 data.classes=12 data.bach=3 model.body.c3.kernel_size=50": [
        "command line  data.batch_size: should be at least 1, not 0",
        "command line  data.bach: data has no such setting; did you mean 'batch_size'?",
        "command line  data.classes: fashion_mini has 10 classes, not 12",
        "conf/data/fashion_mini.yaml[names]  data.names: there are 10 names for 12 classes",
        "conf/model/lenet.yaml[c3]  model.body.c3: the feature map vanishes: conv with kernel_size 50, …",
        "    input …",
        "    works instead: …",
    ],
    "model=lenet data.classes=x model.head.f6.features=3": [  # in how many classes it has to end is not known
        "command line  data.classes: should be a whole number, not 'x'",
    ],
    "model=lenet data.shape=[1,x,3] model.body.c3.kernel_size=50": [
        'command line  data.shape: should be three whole numbers (channels, rows, columns), not [1, "x", 3]',
    ],
    # what another task reads, and this one would pass over
    "dir=out ckpt_path=out": [
        "command line  ckpt_path: is for task=test, task=predict, task=inspect and task=export, not for task=train; …",
        "command line  dir: is for task=report, task=dashboard, task=sync, task=validate, task=schema, task=new …",
    ],
    "task=summary key=body.c1 images=a.png": [
        "command line  images: is for task=predict and task=inspect, not for task=summary",
        "command line  key: is for task=explain, not for task=summary",
    ],
    # names
    "modle=lenet": ["command line  modle: cnnlab has no such setting; did you mean 'model'?"],
    "+foo=1": ["command line  foo: cnnlab has no such setting; did you mean 'from'?"],
    "model.body.c11.channels=3": [
        "command line  model.body.c11: there is no block 'c11'; did you mean 'c1'? …",
    ],
    "model.body.c1.kernal_size=3": [
        "command line  model.body.c1.kernal_size: conv has no such setting; did you mean 'kernel_size'?",
    ],
    "model.body.c1.block=convv": [
        "command line  model.body.c1.block: there is no kind of block 'convv'; did you mean 'conv'?",
    ],
    "model=resnet18 model.body.stage2.last.chanels=3": [
        "command line  model.body.stage2.last.chanels: residual has no such setting; did you mean 'channels'?",
    ],
    "model.kinds.conv.kernal=3": [
        "command line  model.kinds.conv.kernal: conv has no such setting; did you mean 'kernel_size'?",
    ],
    "trainer.max_epoch=3": [
        "command line  trainer.max_epoch: the trainer has no such setting; did you mean 'max_epochs'?"
    ],
    "+data.sise=1": ["command line  data.sise: data has no such setting; did you mean 'size'?"],
    "optimizer.nu=3": [
        "command line  optimizer.nu: sgd has no such setting; "
        "there are kind, lr, lr_factors, weight_decay_factors, momentum, nesterov, weight_decay",
    ],
    "hydra.rn.dir=x": ["command line  hydra.rn.dir: there is no such setting; did you mean 'run'?"],
    "hydra.run.dri=x": ["command line  hydra.run.dri: there is no such setting; did you mean 'dir'?"],
    "~model.body.c9": ["command line  model.body.c9: there is no block 'c9' to remove; there are c1, s2, c3, s4"],
    "model.body.stage1=null model=resnet18 model.body.stage11=null": [
        "command line  model.body.stage11: there is no block 'stage11' to remove; did you mean 'stage1'?",
    ],
    "optimizer._target_=os.system": ["command line  optimizer._target_: sgd has no such setting; there are …"],
    "model.norm={_target_: os.system, kind: batch}": ["command line  model.norm._target_: norm has no such setting; …"],
    # values
    "seed=-1": ["command line  seed: should be at least 0, not -1"],
    "seed=": ["command line  seed: should be a whole number, not ''"],
    "trainer.max_epochs=1e30": ["command line  trainer.max_epochs: should be a whole number, not 1e+30"],
    "optimizer.lr=nan": ["command line  optimizer.lr: should be a finite number, not NaN"],
    "optimizer.lr=???": [
        "command line  optimizer.lr: ??? stands for a value that is missing, in quotes too; write another text, or null"
    ],
    "optimizer.kind=adamm": ["command line  optimizer.kind: there is no optimizer 'adamm'; did you mean 'adam'?"],
    "optimizer.kind=null": ["command line  optimizer.kind: optimizer needs this setting: one of sgd, …"],
    "optimizer.kind=[sgd]": ["command line  optimizer.kind: there is no optimizer [\"sgd\"]; did you mean 'sgd'?"],
    "data=3": ["command line  data: there is no data 3; there are …"],
    "model.norm=bach": [
        "command line  model.norm: should be one of batch, group, layer, channel_layer, instance, none, …",
    ],
    "model.body.c1=5": ["command line  model.body.c1: should be a block such as {block: conv, channels: 64}, …"],
    "task=fit": ["command line  task: should be one of train, test, predict, …"],
    "tags=3": ["command line  tags: should be a word or a list of words, not 3"],
    "model.norm.kind=bach": ["command line  model.norm.kind: should be one of …"],
    # Hydra's grammar
    "seed": ["command line  seed: an override is KEY=VALUE, without spaces"],
    "seed = 3": [
        "command line  seed: an override is KEY=VALUE, without spaces",
        "command line  =: '' is no name of a setting; its parts stand between dots",
        "command line  3: an override is KEY=VALUE, without spaces",
    ],
    "model.divisor=8 model.depth_rounding=up": [
        "command line  model.divisor: rounds what model.width makes, which is not set",
        "command line  model.depth_rounding: rounds what model.depth makes, which is not set",
    ],
    "task=test ckpt_path=x weights=y model.freeze=body": [
        "command line  weights: is for training; task=test goes by what ckpt_path was trained with",
        "command line  model.freeze: is for training; task=test goes by what ckpt_path was trained with",
    ],
    "task=predict ckpt_path=x images=x weights=null model.freeze.body=1 data.mean=0": [
        "command line  model.freeze: is for training; task=predict goes by what ckpt_path was trained with",
        "command line  data.mean: is for training; task=predict goes by what ckpt_path was trained with",
    ],
    "'model.body.x={block: conv'": ["command line  model.body.x: a { without its } in {block: conv"],
    "'model.body.x={block: conv}}'": ["command line  model.body.x: a } without its { in {block: conv}}"],
    "model.body.x={block: conv seed=3": ["command line  model.body.x: a { without its } in {block: conv"],
    "'model.body.x={block=conv}'": ["command line  model.body.x: {block=conv} cannot be read; inside braces it is …"],
    """'optimizer.weight_decay_factors={"*.norm": 0, body.c1: 1}'""": [
        'command line  optimizer.weight_decay_factors: {"*.norm": 0, body.c1: 1} cannot be read; '
        "names inside braces stand without quotes: {*.norm: 0, body.c1: 1}"
    ],
    "optimizer.lr=0.1=3": [
        "command line  optimizer.lr: 0.1=3 cannot be read at '='; "
        "if it is plain text, put it in quotes within quotes: '…=\"0.1=3\"'",
    ],
    "model..norm=3": [
        "command line  model..norm=3: 'model..norm' is no name of a setting; its parts stand between dots"
    ],
    "data.shape[0]=3": [
        "command line  data.shape[0]=3: 'data.shape[0]' is no name of a setting; its parts stand between dots",
    ],
    "seed=0,1": ["command line  seed: several values (0,1) make a sweep; add -m"],
    "model=lenet,foo": ["command line  model: several values (lenet,foo) make a sweep; add -m"],
    "seed=range(0,3)": ["command line  seed: several values (range(0,3)) make a sweep; add -m"],
    # interpolations
    "'model.norm=${nope}'": [
        "command line  model.norm: ${nope} names no setting; its full path counts, as in ${optimizer.lr}",
    ],
    "'model.norm=${oc.env:CNNLAB_NOPE}'": [
        "command line  model.norm: there is no environment variable CNNLAB_NOPE; "
        "${oc.env:CNNLAB_NOPE,VALUE} says what to take then",
    ],
    "'optimizer.lr=${optimizer.momentum}' 'optimizer.momentum=${optimizer.lr}'": [
        "command line  optimizer.lr: its ${…} leads back to itself",
    ],
    "'optimizer.lr=${nope}' 'optimizer.momentum=${optimizer.lr}'": [
        "command line  optimizer.lr: ${nope} names no setting; …"
    ],
    "'seed=${nope:3}'": ["command line  seed: ${nope:…} is no function that Hydra or OmegaConf has"],
    "'name=${seed'": ["command line  name: a ${…} that cannot be read"],
    "'hydra.run.dir=x/${nope}'": ["command line  hydra.run.dir: ${nope} names no setting; …"],
    "'hydra.run.dir=x/${hydra.job.num}'": ["command line  hydra.run.dir: asks for what is only known later"],
    # the network on paper
    "data.size=8": [
        "conf/model/lenet.yaml[c3]  model.body.c3: the feature map vanishes: …",
        "    input 1×8×8 → c1 6×8×8 → s2 6×4×4 → c3 ✗     smallest image that works: 12×12",
        "    works instead: model.body.c3.padding=same  |  …",
    ],
    "model.norm=group": [
        "conf/model/lenet.yaml[c1]  model.body.c1: group norm cannot split 6 channels into 32 groups; …",
        "conf/model/lenet.yaml[c3]  model.body.c3: group norm cannot split 16 channels into 32 groups; …",
    ],
    "model.head.out.features=7": [
        "command line  model.head.out.features: the network ends in 7 numbers, the data have 10 classes; …",
    ],
    # what only this machine or this disk can say
    "trainer.accelerator=gpu": ["command line  trainer.accelerator: this machine has no gpu; it has cpu"],
    "trainer.devices=2": ["command line  trainer.devices: training on 2 devices at once is not supported; write 1"],
    "data.subset=999999": ["command line  data.subset: asks for 999999 images, but there are 9000 to train on"],
    "data=folder": ["conf/data/folder.yaml[dir]  data.dir: say where the images lie: …"],
    "data=folder data.dir=/nope": ["command line  data.dir: there is no directory /nope"],
    "hydra.run.dir=/dev/null/x": ["command line  hydra.run.dir: /dev/null/x cannot be used: not a directory"],
    "task=summary hydra.run.dir=/dev/null": ["command line  hydra.run.dir: /dev/null cannot be used: file exists"],
    "-m hydra.sweep.dir=/dev/null/x task=summary seed=0,1": [
        "command line  hydra.sweep.dir: /dev/null/x cannot be used: not a directory",
    ],
    "task=test": ["conf/config.yaml[ckpt_path]  ckpt_path: task=test needs a run's folder or a checkpoint: …"],
    "task=test ckpt_path=": ["command line  ckpt_path: …"],
    "task=test 'ckpt_path=a=b (1) [x] \"q\" ü'": ['command line  ckpt_path: there is no a=b (1) [x] "q" ü'],
    "task=predict ckpt_path=/nope images=/nope": ["command line  ckpt_path: there is no /nope"],
    # flags
    "--foo": ["command line  there is no option --foo; did you mean '--info'?"],
    "--cgf job": ["command line  there is no option --cgf; did you mean '--cfg'?"],
    "--seed=3 --foo=4": [
        "command line  there is no option --seed; a setting has no dashes: seed=3",
        "command line  there is no option --foo; a setting has no dashes: foo=4",
    ],
    "--cfg nonsense": ["command line  argument -c/--cfg: invalid choice: 'nonsense' …"],
    "-cd /nope": ["command line  --config-dir: there is no folder /nope"],
    "-cn nope": ["there is no configuration 'nope'"],
    "--cfg job -p nope": ["package 'nope' not found in config"],
    "--cfg job model=lenett": ["command line  model: there is no model 'lenett'; did you mean 'lenet'?"],
    "-sc": ["command line  --shell-completion takes install=SHELL, uninstall=SHELL or query=SHELL"],
    # sweeps: every job's faults, before the first one runs
    "-m model=lenet,foo,resnt18 seed=0,-1": [
        f"command line  model: there is no model 'foo'; there are {MODELS}",
        "command line  model: there is no model 'resnt18'; did you mean 'resnet18'?",
        "command line  seed: should be at least 0, not -1",
    ],
    "-m 'model=glob(zz*)'": ["command line  this makes no jobs: a glob(…) matches no file, or a range(…) is empty"],
    "-m 'optimizer.lr=interval(0,1)'": [
        "command line  optimizer.lr: interval(0,1) is a range to search, which hydra/sweeper=optuna or the like does; "
        "without one, write values: optimizer.lr=VALUE,VALUE,VALUE"
    ],
    "model=lenet,resnet18 -m model.body.c3.channels=16": [
        "command line  model.body.c3: there is no block 'c3' (a new one needs its kind: block: conv)",
    ],
    "-m hydra.launcher._target_=os.system seed=0,1": [
        "Hydra says: Invalid plugin 'os.system': not the hydra_plugins package",
    ],
    # all at once
    "seed=-1 data.size=8 optimizer=foo trainer.max_epoch=3 'tags=[a'": [
        "command line  tags: a [ without its ] in [a",
        "command line  optimizer: there is no optimizer 'foo'; there are adadelta, adafactor, …",
        "command line  seed: should be at least 0, not -1",
        "command line  trainer.max_epoch: the trainer has no such setting; did you mean 'max_epochs'?",
        "conf/model/lenet.yaml[c3]  model.body.c3: the feature map vanishes: …",
        "    input 1×8×8 → c1 6×8×8 → s2 6×4×4 → c3 ✗     smallest image that works: 12×12",
        "    works instead: model.body.c3.padding=same  |  …",
    ],
}


# each takes a tenth of a second, to compose what is wrong: every second one waits for the slow tests
CASES = [
    pytest.param(words, messages, id=words, marks=[pytest.mark.slow] * (number % 2))
    for number, (words, messages) in enumerate(WRONG.items())
]


@pytest.mark.parametrize(("words", "messages"), CASES)
def test_a_wrong_command_line_is_told_in_one_message_a_fault(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], words: str, messages: list[str]
) -> None:
    assert cnnlab(*shlex.split(words)) == 2
    assert cut(stderr_lines(capsys), messages) == messages


@pytest.mark.slow
def test_nothing_is_left_behind_by_a_wrong_command_line(cnnlab: Callable[..., int], tmp_path: Path) -> None:
    for words in ("model.nrm=3", "data.size=8", "trainer.accelerator=gpu", "data.subset=999999", "-m seed=0,-1"):
        assert cnnlab(*words.split()) == 2
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
