# ruff: noqa: E501, UP031 (tables of texts that nobody writes like this)
"""Recipes that somebody means ill by, or got badly wrong: none may act, take long or be large; each is told why not."""

from __future__ import annotations

from dataclasses import dataclass, field

BODY = "body:\n  c1: {block: conv, channels: 6}\n"
HEAD = "head:\n  pool: {block: global_avg_pool}\n  out: {block: linear, features: classes}\n"
NET = BODY + HEAD
TINY = ("data=synthetic", "data.samples=20", "data.shape=[1,8,8]", "data.classes=10", "trainer.max_epochs=1")
CANARY = "CANARY"


@dataclass(frozen=True)
class Recipe:
    """Files to be written, and the words of a command."""

    name: str
    files: dict[str, str | bytes]
    argv: tuple[str, ...]
    kinds: tuple[str, ...] = field(default=())


def model(name: str, text: str | bytes, *more: str) -> Recipe:
    return Recipe(name, {"mine/model/net.yaml": text}, ("-cd", "mine", "model=net", *(more or ("task=summary",))))


def other(name: str, group: str, text: str | bytes, *more: str) -> Recipe:
    argv = ("-cd", "mine", f"{group}=theirs", *(more or ("task=summary",)))
    return Recipe(name, {f"mine/{group}/theirs.yaml": text, "evil.py": EVIL}, argv)


def study(name: str, text: str, *more: str) -> Recipe:
    argv = ("-cd", "mine", "study=theirs", "task=preflight", *more)
    return Recipe(name, {"mine/study/theirs.yaml": text, "evil.py": EVIL}, argv)


def main(name: str, text: str, *more: str) -> Recipe:
    """A config.yaml in a stranger's folder, which would stand in for the project's own."""
    return Recipe(name, {"mine/config.yaml": text, "evil.py": EVIL}, ("-cd", "mine", *(more or ("task=summary",))))


EVIL = f"open({CANARY!r}, 'w')\n"

# -- objects to be made

TARGETS = {
    "a shell": '{_target_: os.system, _args_: ["touch CANARY"]}',
    "a program": "{_target_: subprocess.run, _args_: [[touch, CANARY]]}",
    "a file": "{_target_: builtins.open, file: CANARY, mode: w}",
    "pathlib": "{_target_: pathlib.Path.touch, _args_: [{_target_: pathlib.Path, _args_: [CANARY]}]}",
    "numpy's pickles": "{_target_: numpy.load, file: x.npy, allow_pickle: true}",
    "pickles": "{_target_: pickle.load, _args_: [{_target_: builtins.open, _args_: [x, rb]}]}",
    "torch.load": "{_target_: torch.load, f: x.pt, weights_only: false}",
    "torch.hub": "{_target_: torch.hub.load, repo_or_dir: ., source: local, model: evil}",
    "timeit": "{_target_: timeit.timeit, stmt: \"open('CANARY','w')\", number: 1}",
    "a log file": "{_target_: logging.FileHandler, filename: CANARY}",
    "asyncio": '{_target_: asyncio.run, _args_: [{_target_: asyncio.create_subprocess_shell, cmd: "touch CANARY"}]}',
    "a profiler": "{_target_: cProfile.run, statement: \"open('CANARY','w')\"}",
    "a copy": "{_target_: shutil.copy, src: sentinel.txt, dst: CANARY}",
    "a partial": '{_target_: os.system, _partial_: true, command: "touch CANARY"}',
    "exec": "{_target_: builtins.exec, _args_: [\"open('CANARY','w')\"]}",
    "a module": "{_target_: importlib.import_module, name: evil}",
    "runpy": "{_target_: runpy.run_path, path_name: evil.py}",
    "hydra's own": "{_target_: hydra.utils.instantiate, config: {_target_: os.getcwd}}",
}
PLACES = {
    "of a network": ("model", NET + "act: WHAT_\n"),
    "in a block": ("model", "body:\n  c1: WHAT_\n" + HEAD),
    "in a block's setting": ("model", "body:\n  c1: {block: conv, channels: WHAT_}\n" + HEAD),
    "of data": ("data", "source: synthetic\nshape: [1, 8, 8]\nclasses: 10\nsamples: 20\nnames: WHAT_\n"),
    "of an optimizer": ("optimizer", "kind: sgd\nlr: WHAT_\n"),
    "of a schedule": ("scheduler", "kind: constant\nwarmup: WHAT_\n"),
    "of the trainer": ("trainer", "max_epochs: 1\nplugins: WHAT_\n"),
    "of augmentation": ("augment", "flip: WHAT_\n"),
    "of shared blocks": ("blocks", "fire: WHAT_\n"),
    "of a recipe for debugging": ("debug", "# @package _global_\nmodel: {act: WHAT_}\n"),
}
MADE = [
    other(f"makes {what}, {where}", group, text.replace("WHAT_", said))
    for number, (what, said) in enumerate(TARGETS.items())
    for where, (group, text) in [
        list(PLACES.items())[number % len(PLACES)],
        list(PLACES.items())[(3 * number + 1) % 10],
    ]
]
SPELT = [
    model("a class under an escaped name", f'"\\x5Ftarget_": os.system\n{NET}'),
    model("a class in quotes", f"'_target_': os.system\n{NET}"),
    model("a class under a number of spaces", f"? _target_\n: os.system\n{NET}"),
    model("arguments alone", f"_args_: [1]\n{NET}"),
    model("_recursive_", f"_recursive_: false\n{NET}"),
    model("_convert_", f"_convert_: all\n{NET}"),
    model("_partial_", f"_partial_: true\n{NET}"),
    model("a dunder for a block", f"body:\n  __class__: {{block: conv, channels: 6}}\n{HEAD}"),
    model("a class among kinds", f"kinds: {{conv: {{_target_: os.system}}}}\n{NET}"),
    model("a class in a composite", f"blocks: {{a: {{block: conv, channels: 3, _target_: os.system}}}}\n{NET}"),
    model("a class in an auxiliary head", f"aux: {{a: {{from: c1, head: {{_target_: os.system}}}}}}\n{NET}"),
    model("a class in first", f"body:\n  c1: {{block: conv, channels: 6, first: {{_target_: os.system}}}}\n{HEAD}"),
    model("a class in a list", f"freeze: [{{_target_: os.system}}]\n{NET}"),
    other("a callback that is a shell", "callbacks", "a: {_target_: os.system, command: touch CANARY}\n"),
    other("a callback of another package", "callbacks", "a: {_target_: pytorch_lightning.Trainer}\n"),
    other("a callback by a longer way", "callbacks", "a: {_target_: pytorch_lightning.callbacks.os.system}\n"),
    other("a callback by a module's inside", "callbacks", "a: {_target_: pytorch_lightning.callbacks.__builtins__}\n"),
    other("a callback that is none", "callbacks", "a: {_target_: pytorch_lightning.callbacks.Nothing}\n", *TINY),
    other("a callback with a class inside", "callbacks",
          "a: {_target_: pytorch_lightning.callbacks.Timer, duration: {_target_: os.system, command: x}}\n"),
    other("a callback that writes elsewhere", "callbacks",
          "a: {_target_: pytorch_lightning.callbacks.ModelCheckpoint, dirpath: CANARY}\n"),
    other("a callback that writes on failure", "callbacks",
          "a: {_target_: pytorch_lightning.callbacks.OnExceptionCheckpoint, dirpath: CANARY}\n"),
    other("a callback that keeps a list elsewhere", "callbacks",
          "a: {_target_: pytorch_lightning.callbacks.SpikeDetection, exclude_batches_path: CANARY}\n"),
    other("a callback whose class is a number", "callbacks", "a: {_target_: 3}\n"),
    other("a callback whose class is a list", "callbacks", "a: {_target_: [os.system]}\n"),
    other("callbacks that are a list", "callbacks", "a: [1, 2]\n"),
    other("a class two levels down", "callbacks", "a: {b: {_target_: os.system}}\n"),
]  # fmt: skip

# -- Hydra itself

HYDRA = [
    model("Hydra's callbacks", f"# @package _global_\nmodel:\n  norm: none\nhydra: {{callbacks: {{x: {TARGETS['a file']}}}}}\n"),
    model("Hydra's logging", "# @package _global_\nhydra: {job_logging: {version: 1, handlers: "
          "{f: {class: logging.FileHandler, filename: CANARY}}, root: {handlers: [f]}}}\n"),
    model("Hydra's folder", "# @package _global_\nhydra: {run: {dir: CANARY}}\nmodel: {norm: none}\n"),
    model("Hydra's sweep folder", "# @package _global_\nhydra: {sweep: {dir: CANARY}}\n"),
    model("Hydra's search path", '# @package _global_\nhydra: {searchpath: ["file:///etc"]}\n'),
    model("Hydra's sweeper", "# @package _global_\nhydra: {sweeper: {_target_: os.system}}\n"),
    model("Hydra's launcher", "# @package _global_\nhydra: {launcher: {_target_: os.system}}\n"),
    model("Hydra's environment", "# @package _global_\nhydra: {job: {env_set: {PATH: /tmp}}}\n"),
    model("Hydra's working folder", "# @package _global_\nhydra: {job: {chdir: true}}\n"),
    model("Hydra's mode", "# @package _global_\nhydra: {mode: MULTIRUN}\n"),
    model("Hydra by a first line", "# @package hydra\nrun: {dir: CANARY}\n"),
    model("Hydra by a first line, further in", "# @package hydra.run\ndir: CANARY\n"),
    model("Hydra by a first line with spaces", "#   @package   hydra.job\nchdir: true\n"),
    model("everything by a first line", "# @package _global_\ntrainer: {max_epochs: 1000000}\nmodel: {norm: none}\n"),
    model("another group by a first line", "# @package trainer\nmax_epochs: 1000000\n"),
    model("Hydra's files by defaults", f"defaults: [override /hydra/job_logging: none]\n{NET}"),
    model("Hydra's files by defaults without a slash", f"defaults: [override hydra/launcher: joblib]\n{NET}"),
    model("Hydra's files, optional", f"defaults: [optional /hydra/job_logging: none, _self_]\n{NET}"),
    model("a file put into Hydra", f"defaults: [/model/lenet@hydra, _self_]\n{NET}"),
    model("a file put into Hydra's run", f"defaults: [/model/lenet@hydra.run, _self_]\n{NET}"),
    other("Hydra in data", "data", "# @package _global_\nhydra: {run: {dir: CANARY}}\n"),
    other("Hydra in a recipe for debugging", "debug", "# @package _global_\nhydra: {run: {dir: CANARY}}\n"),
    other("Hydra's defaults in a recipe for debugging", "debug",
          "# @package _global_\ndefaults: [override /hydra/hydra_logging: none]\n"),
    other("Hydra in shared blocks", "blocks", "# @package hydra\nrun: {dir: CANARY}\n"),
    main("Hydra in a stranger's main file", "defaults: [_self_]\nhydra: {run: {dir: CANARY}}\n"),
    main("Hydra's callbacks in a stranger's main file",
         f"defaults: [_self_, cnnlab]\nhydra: {{callbacks: {{x: {TARGETS['pathlib']}}}}}\n"),
    main("Hydra's files in a stranger's main file", "defaults: [{override hydra/job_logging: disabled}]\n"),
    Recipe("Hydra's own group in a stranger's folder",
           {"mine/hydra/job_logging/theirs.yaml": "version: 1\nhandlers: {f: {class: logging.FileHandler, "
            "filename: CANARY}}\nroot: {handlers: [f]}\n"},
           ("-cd", "mine", "hydra/job_logging=theirs", "task=summary")),
    Recipe("a launcher in a stranger's folder",
           {"mine/hydra/launcher/theirs.yaml": "_target_: os.system\n"},
           ("-cd", "mine", "-m", "hydra/launcher=theirs", "seed=0,1", "task=summary")),
]  # fmt: skip

# -- plugins

PLUGINS = [
    model("plugins of a network", "# @package _global_\nplugins: [evil]\nmodel: {norm: none}\n"),
    other("plugins of a recipe for debugging", "debug", "# @package _global_\nplugins: [evil]\n"),
    other("plugins of data", "data", "# @package _global_\nplugins: evil\n"),
    main("plugins in a stranger's main file", "defaults: [_self_]\nplugins: [evil]\n"),
    study(
        "plugins of a study",
        "question: x\nbase: {model: lenet, plugins: [evil]}\nfactors: {model.norm: [none, batch]}\n",
    ),
    study("plugins as a factor", "question: x\nbase: {model: lenet}\nfactors: {plugins: [[evil], []]}\n"),
    study("plugins in an arm", "question: x\nbase: {model: lenet}\nfactors: {a: {x: {plugins: [evil]}, y: {}}}\n"),
]

# -- ${…}

SECRET = "${oc.env:CNNLAB_CANARY}"
REFERENCES = [
    model("a secret", f"{NET}norm: {SECRET}\n"),
    model("a secret in quotes", f'{NET}norm: "{SECRET}"\n'),
    model("a secret, escaped", f'{NET}norm: "$\\x7Boc.env:CNNLAB_CANARY}}"\n'),
    model("a secret in a block", f"body:\n  c1: {{block: conv, channels: 6, act: \"{SECRET}\"}}\n{HEAD}"),
    model("a secret for a name", f'body:\n  "{SECRET}": {{block: conv, channels: 6}}\n{HEAD}'),
    model("a secret within text", f'{NET}norm: "x{SECRET}"\n'),
    model("a secret over two lines", f'{NET}norm: "$\\\n  {{oc.env:CNNLAB_CANARY}}"\n'),
    model("a secret in a folded text", f"{NET}norm: >-\n  {SECRET}\n"),
    model("a secret with a default", NET + "norm: ${oc.env:CNNLAB_CANARY,none}\n"),
    model("a secret, decoded", NET + "norm: ${oc.decode:${oc.env:CNNLAB_CANARY}}\n"),
    model("a secret in a list", f'{NET}freeze: ["{SECRET}"]\n'),
    model("a secret among the defaults", f'defaults: ["{SECRET}", _self_]\n{NET}'),
    model("settings made of text", NET + "norm: \"${oc.create:'{a: 1}'}\"\n"),
    model("a function of dictionaries", NET + "norm: ${oc.dict.keys:model}\n"),
    model("a selection", NET + "norm: ${oc.select:optimizer.kind}\n"),
    model("Hydra's settings", NET + "norm: ${hydra:runtime.cwd}\n"),
    model("Hydra's settings by path", NET + "norm: ${hydra.runtime.cwd}\n"),
    model("the time", NET + "norm: ${now:%Y}\n"),
    model("Python's version", NET + "norm: ${python_version:}\n"),
    model("a function that is none", NET + "norm: ${nothing:3}\n"),
    model("a function that a ${} names", NET + "norm: ${${act}:3}\n"),
    model("a path that a ${} names", NET + "act: norm\nnorm: ${model.${model.act}}\n"),
    model("half a reference", NET + "norm: ${model.act\n"),
    model("nothing to refer to", NET + "norm: ${}\n"),
    model("a reference to nothing", NET + "norm: ${model.nothing}\n"),
    model("a reference to itself", NET + "norm: ${model.norm}\n"),
    model("references in a circle", NET + "norm: ${model.act}\nact: ${model.norm}\n"),
    model("a reference to what encloses it", NET + "norm: {kind: batch, eps: '${model}'}\n"),
    model("a reference upwards without end", NET + "norm: ${......act}\n"),
    model("an escaped reference", NET + "norm: '\\${oc.env:CNNLAB_CANARY}'\n"),
    model("a reference with brackets", NET + "norm: ${model[act]}\n"),
    model("an explosion of text", NET + "b0: xxxxxxxxxxxxxxxxxxxx\n" + "".join(
        f"b{i}: \"{('${model.b%d}' % (i - 1)) * 9}\"\n" for i in range(1, 9))),
    model("an explosion of mappings", NET + "b0: {a: 1, b: 2}\n" + "".join(
        f"b{i}: {{{', '.join(f'k{n}: _' for n in range(2))}}}\n".replace("_", f"'${{model.b{i - 1}}}'")
        for i in range(1, 9))),
    model("an explosion through names", NET + "b0: xxxxxxxx\n" + "".join(
        f"b{i}: ['${{model.b{i - 1}}}', '${{model.b{i - 1}}}']\n" for i in range(1, 40))),
    other("an explosion in twenty steps", "debug", "# @package _global_\nmodel:\n  b0: " + "x" * 3000 + "\n" + "".join(
        f"  b{i}: \"{('${model.b%d}' % (i - 1)) * 3}\"\n" for i in range(1, 7))),
    other("a secret for the classes' names", "data",
          f'source: synthetic\nshape: [1, 8, 8]\nclasses: 1\nsamples: 20\nnames: ["{SECRET}"]\n'),
    other("a secret for a folder", "data", f"source: folder\ndir: '{SECRET}'\nshape: [1, 8, 8]\n"),
    study("a secret in a study", f"question: x\nbase: {{model: lenet, name: '{SECRET}'}}\nfactors: {{model.norm: [none, batch]}}\n"),
    study("a secret in a study's arm", f"question: x\nbase: {{model: lenet}}\nfactors: {{name: ['{SECRET}', b]}}\n"),
    main("a secret in a stranger's main file", f"defaults: [_self_]\nname: '{SECRET}'\n"),
]  # fmt: skip

# -- YAML

BOMB = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 10))
SHAPE = [
    model("an alias", f"{NET}kinds: &a {{}}\nblocks: *a\n"),
    model("an anchor", f"{NET}norm: &a none\n"),
    model("an alias in itself", "body: &a {c1: *a}\n"),
    model("aliases without end", BOMB),
    model("a merge", f"{NET}kinds: {{<<: {{conv: {{bias: true}}}}}}\n"),
    model("a merge of an alias", f"x: &x {{norm: none}}\n<<: *x\n{NET}"),
    model("an alias for a name", f"{NET}norm: &a none\n? *a\n: 3\n"),
    *(model(f"the tag {tag}", f"{NET}norm: {tag} {value}\n") for tag, value in {
        "!!binary": "aGVsbG8=", "!!python/object/apply:os.system": '["touch CANARY"]', "!!python/name:os.system": "''",
        "!!python/object/new:os.system": '["touch CANARY"]', "!!python/module:evil": "''", "!!set": "{a}",
        "!!omap": "[a: 1]", "!!timestamp": "2024-01-01", "!!float": "'1'", "!!str": "none", "!env": "CNNLAB_CANARY",
        "!!python/object/apply:pathlib.Path": "[CANARY]", "!<tag:yaml.org,2002:null>": "x", "!": "x",
    }.items()),
    model("a tag by a directive", f"%TAG !p! tag:yaml.org,2002:python/\n---\nnorm: !p!name:os.system ''\n{NET}"),
    model("two documents", f"{NET}---\n{NET}"),
    model("a list", "- a\n- b\n"),
    model("a word", "hello"),
    model("a number", "3"),
    model("nothing", ""),
    model("a comment", "# nothing\n"),
    model("a bracket too few", "body: {c1: {block: conv\nhead: 3\n"),
    model("a tab", "body:\n\tc1: {block: conv}\n"),
    model("a name twice", f"{NET}{BODY}"),
    model("a name that is a list", f"{NET}? [a, b]\n: 1\n"),
    model("a name that is a mapping", f"{NET}? {{a: b}}\n: 1\n"),
    model("names that are no text", "body:\n  1: {block: conv}\n  on: {block: conv}\n  null: {block: conv}\n" + HEAD),
    model("an empty name", f'body:\n  "": {{block: conv, channels: 3}}\n{HEAD}'),
    model("another encoding", f"{NET}# caf\xe9\n".encode("latin1")),
    model("UTF-16", NET.encode("utf-16")),
    model("zeros", bytes(1000)),
    model("a byte that YAML does not know", NET.encode() + b"norm: \x01\n"),
    model("a picture", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20),
    model("a program", b"#!/bin/sh\ntouch CANARY\n"),
    model("brackets without end", "[" * 60_000),
    model("braces without end", "{" * 60_000),
    model("dashes without end", "- " * 30_000),
    model("questions without end", "? " * 30_000),
    model("deep", "a: " + "[" * 40 + "]" * 40),
    model("deep mappings", "".join(" " * i + f"a{i}:\n" for i in range(200))),
    model("deep blocks", f"body: {'{a: {block: sequential, body: ' * 20}{{}}{'}}' * 20}\n{HEAD}"),
    model("many names", "".join(f"k{i}: 1\n" for i in range(3_500))),
    model("many values", f"a: [{'1,' * 20_000}]\n"),
    model("many blocks", "body:\n" + "".join(f"  c{i}: {{block: conv, channel: 3}}\n" for i in range(600)) + HEAD),
    model("large", NET + "# padding\n" * 10_000),
    model("a long text", f"{NET}norm: {'x' * 10_000}\n"),
    model("a long name", f"{NET}{'x' * 3_000}: 3\n"),
    model("a long line of quotes", NET + "norm: " + '"' * 30_001),
    model("a first line without a value", f"# @package\n{NET}"),
    model("a first line with rubbish", f"# @package a b c: d\n{NET}"),
    model("an unknown directive", f"%YAML 9.9\n---\n{NET}"),
]  # fmt: skip

SURPRISES = [
    model(f"{value} for {key}", f"body:\n  c1: {{block: conv, channels: 6, {key}: {value}}}\n{HEAD}")
    for key, value in [
        ("kernel_size", "010"), ("kernel_size", "0x3"), ("kernel_size", "0b11"), ("kernel_size", "12:30"),
        ("kernel_size", "1_1"), ("kernel_size", "08"), ("kernel_size", "0o7"), ("kernel_size", "1e3"),
        ("kernel_size", "2024-01-01"), ("stride", "+01"), ("bias", "no"), ("bias", "Yes"), ("bias", "OFF"),
        ("bias", "on"), ("dropout", "190:20:30.15"), ("init", "no"), ("norm", "off"), ("kernel_size", "[03, 3]"),
    ]
] + [
    other(f"a rate of {value}", "optimizer", f"kind: sgd\nlr: {value}\n")
    for value in (".inf", "-.inf", ".nan", "1e999", "0x1", "1_0.5", "1:30.5", "99999999999999999999999e999")
]  # fmt: skip

# -- places

PLACES_ELSEWHERE = [
    model("a parent outside", f"defaults: [../../../../etc/passwd, _self_]\n{NET}"),
    model("a parent outside by a slash", f"defaults: [/../../etc/passwd@_here_, _self_]\n{NET}"),
    model("a parent in its home", f"defaults: [~/secret, _self_]\n{NET}"),
    model("a parent that is a list", f"defaults: [{{data: [../../x]}}, _self_]\n{NET}"),
    model("itself for a parent", f"defaults: [net, _self_]\n{NET}"),
    model("defaults that are no list", f"defaults: lenet\n{NET}"),
    model("defaults of numbers", f"defaults: [1, 2.5, null]\n{NET}"),
    model("defaults of mappings", f"defaults: [{{a: {{b: c}}}}]\n{NET}"),
    Recipe("a network outside", {"secret.yaml": NET}, ("model=../../secret", "task=summary")),
    Recipe("a network by a whole path", {"secret.yaml": NET}, ("model=/etc/passwd", "task=summary")),
    Recipe("a study outside", {}, ("study=../../../etc/passwd", "task=preflight")),
    other("data of the system", "data", "source: folder\ndir: /etc\nshape: [1, 8, 8]\n"),
    other("data of a device", "data", "source: folder\ndir: /dev/zero\nshape: [1, 8, 8]\n"),
    other("data of the processes", "data", "source: folder\ndir: /proc/self\nshape: [1, 8, 8]\n"),
    other("data of a name too long", "data", f"source: folder\ndir: {'x' * 300}\nshape: [1, 8, 8]\n"),
    other("data of a name with a zero", "data", 'source: folder\ndir: "a\\0b"\nshape: [1, 8, 8]\n'),
    other("weights of a device", "debug", "# @package _global_\nweights: /dev/zero\n"),
    other("weights of a password file", "debug", "# @package _global_\nweights: /etc/passwd\n"),
    other("weights of another machine", "debug", "# @package _global_\nweights: http://localhost:1/x.pt\n"),
]


def lists(name: str, *counts: int) -> Recipe:
    """Files each of which lists the next one so often in its defaults, under as many names, and at last LeNet."""
    files: dict[str, str | bytes] = {}
    for level, count in enumerate(counts):
        below = [f"/model/x{level + 1}_{i}@_here_" for i in range(count)]
        if level == len(counts) - 1:
            below = [f"/model/lenet@_here_.k{i}" for i in range(count)]
        for number in range(counts[level - 1] if level else 1):
            files[f"mine/model/x{level}_{number}.yaml"] = f"defaults: [{', '.join(below)}]\n"
    return Recipe(name, files, ("-cd", "mine", "model=x0_0", "task=summary"))


DEFAULTS = [
    model("a parent twice", f"defaults: [lenet, lenet, _self_]\n{NET}"),
    model("a parent three thousand times", f"defaults: [{', '.join(['lenet'] * 3000)}, _self_]\n{NET}"),
    model("a parent of three thousand names", f"defaults: [{', '.join(f'/model/lenet@_here_.k{i}' for i in range(1500))}, _self_]\n{NET}"),
    model("a parent that is itself by a slash", f"defaults: [/model/net@_here_, _self_]\n{NET}"),
    model("a parent of its own group", f"defaults: [{{optional /model@_here_: nosuch}}, _self_]\n{NET}"),
    model("a parent that is not there", f"defaults: [optional nosuch, nosuch, _self_]\n{NET}"),
    lists("parents of parents of parents", 20, 20, 20),
    lists("parents of parents", 60, 60),
    Recipe("parents in a circle",
           {"mine/model/a.yaml": "defaults: [b]\n", "mine/model/b.yaml": "defaults: [c]\n", "mine/model/c.yaml": "defaults: [a]\n"},
           ("-cd", "mine", "model=a", "task=summary")),
    Recipe("parents in a circle that doubles",
           {"mine/model/a.yaml": "defaults: [b, c]\n", "mine/model/b.yaml": "defaults: [a, c]\n", "mine/model/c.yaml": "defaults: [a, b]\n"},
           ("-cd", "mine", "model=a", "task=summary")),
    Recipe("the same in a stranger's main file", {"mine/config.yaml": "defaults: [cnnlab, config, _self_]\n"}, ("-cd", "mine", "task=summary")),
]  # fmt: skip

# -- numbers and names


def squares(argument: str) -> str:
    """Blocks each of which hands the next one what it makes of its own parameter."""
    chain = "".join(
        f"  b{i}: {{params: {{n: 1}}, block: sequential, body: {{x: {{block: b{i + 1}, n: {argument}}}}}}}\n"
        for i in range(28)
    )
    return f"blocks:\n{chain}  b28: {{params: {{n: 1}}, block: conv, channels: $n}}\nbody:\n  a: {{block: b0, n: 9}}\n{HEAD}"


MISSING = [
    model("a text that means nothing, in quotes", f'{NET}norm: "???"\n'),
    model("a text that means nothing, without", f"{NET}norm: ???\n"),
    other("a name that means nothing", "debug", "# @package _global_\nname: '???'\n"),
    other("names that mean nothing", "data", "source: synthetic\nclasses: 1\nsamples: 20\nshape: [1, 8, 8]\nnames: ['???']\n"),
    Recipe("nothing on the command line", {}, ("name='???'", "task=summary")),
    Recipe("nothing in braces on the command line", {}, ("model.body.c1={block:conv,channels:'???'}", "task=summary")),
]  # fmt: skip

VALUES = [
    model(f"{what}", text) for what, text in {
        "a repeat without end": f"body:\n  c1: {{block: conv, channels: 6, repeat: 10000}}\n{HEAD}",
        "a repeat of a billion": f"body:\n  c1: {{block: conv, channels: 6, repeat: 1000000000}}\n{HEAD}",
        "repeats within repeats": "body:\n  a: {block: sequential, repeat: 900, body: {b: {block: sequential, "
                                  f"repeat: 900, body: {{c: {{block: conv, channels: 3, repeat: 900}}}}}}}}}}\n{HEAD}",
        "depth": f"depth: 1.0e300\n{NET.replace('channels: 6', 'channels: 6, repeat: 2')}",
        "width": f"width: 1.0e300\n{NET}",
        "blocks of blocks of blocks": "blocks:\n" + "".join(
            f"  b{i}: {{block: sequential, body: {{x: {{block: b{i + 1}}}, y: {{block: b{i + 1}}}}}}}\n" for i in range(30)
        ) + f"  b30: {{block: conv, channels: 3}}\nbody:\n  a: {{block: b0}}\n{HEAD}",
        "a block of itself": f"blocks: {{a: {{block: a}}}}\nbody:\n  a: {{block: a}}\n{HEAD}",
        "blocks in a circle": f"blocks: {{a: {{block: b}}, b: {{block: a}}}}\nbody:\n  a: {{block: a}}\n{HEAD}",
        "arithmetic that is code": "blocks: {a: {params: {n: 1}, block: conv, "
                                   f"channels: \"$__import__('os').system('touch CANARY')\"}}}}\nbody:\n  a: {{block: a}}\n{HEAD}",
        "arithmetic of powers": f"blocks: {{a: {{block: conv, channels: $9**9**9**9}}}}\nbody:\n  a: {{block: a}}\n{HEAD}",
        "arithmetic of brackets": f"blocks: {{a: {{block: conv, channels: \"${'(' * 150}1{')' * 150}\"}}}}\nbody:\n  a: {{block: a}}\n{HEAD}",
        "arithmetic of attributes": f"blocks: {{a: {{params: {{n: 1}}, block: conv, channels: $n.__class__}}}}\nbody:\n  a: {{block: a}}\n{HEAD}",
        "arithmetic by nothing": f"blocks: {{a: {{block: conv, channels: $1/0}}}}\nbody:\n  a: {{block: a}}\n{HEAD}",
        "arithmetic of large numbers": f"blocks: {{a: {{block: conv, channels: \"${'*'.join(['99999999'] * 20)}\"}}}}\nbody:\n  a: {{block: a}}\n{HEAD}",
        "arithmetic that doubles its digits": squares("$n * n"),
        "arithmetic that doubles its digits and adds": squares("$n * n + n"),
        "arithmetic of floats that double": squares("$n * n * 1.5"),
        "arithmetic of numbers below zero": squares("$-n * n * n"),
        "lists that double": squares("[$n, $n]"),
        "mappings that double": squares("{a: $n, b: $n}"),
        "lists within lists": squares("[[$n]]"),
        "a float of all digits": f"blocks: {{a: {{params: {{n: 1.0e+308}}, block: conv, channels: $n * n}}}}\nbody:\n  a: {{block: a}}\n{HEAD}",
        "a remainder of nothing": f"blocks: {{a: {{params: {{n: 1.0e+308}}, block: conv, channels: $n // 1e-308}}}}\nbody:\n  a: {{block: a}}\n{HEAD}",
        "a huge number of channels": f"body:\n  c1: {{block: conv, channels: 99999999999999999999999}}\n{HEAD}",
        "a number of 4,000 digits": f"body:\n  c1: {{block: conv, channels: {'9' * 3999}}}\n{HEAD}",
        "a negative one": f"body:\n  c1: {{block: conv, channels: -6}}\n{HEAD}",
        "a huge kernel": f"body:\n  c1: {{block: conv, channels: 6, kernel_size: 1000000000}}\n{HEAD}",
        "a huge padding": f"body:\n  c1: {{block: conv, channels: 6, padding: 999999999999999999}}\n{HEAD}",
        "a huge dilation": f"body:\n  c1: {{block: conv, channels: 6, dilation: 1000000000000}}\n{HEAD}",
        "a huge pool": f"body:\n  c1: {{block: max_pool, kernel_size: 1000000000000}}\n{HEAD}",
        "huge groups": f"body:\n  c1: {{block: conv, channels: 6, groups: 1000000007}}\n{HEAD}",
        "more inputs than any tensor": f"body:\n  c1: {{block: conv, channels: 999999999, kernel_size: 999999999}}\n{HEAD}",
        "an image as large as a country": f"input_size: 999999999\n{NET}",
        "a name of escapes": f'{NET}"\\x1b[31mred\\x1b[0m": 3\n',
        "a name of markup": f'{NET}"[bold red]x[/bold red]": 3\n',
        "a name of half a markup": f'{NET}"[/nothing]": 3\n',
        "a name of two lines": f'{NET}"a\\nb": 3\n',
        "a name that turns text round": f'{NET}"le\\u202Enet": 3\n',
        "a name of dots": f'{NET}"a.b.c": 3\n',
        "a name of a lone surrogate": f'{NET}"a\\uD800": 3\n',
        "a value of escapes": f'{NET}norm: "\\x1b]0;title\\x07"\n',
        "a value of a window's title": f'{NET}act: "\\x9b31m"\n',
        "a body that is a number": f"body: 3\n{HEAD}",
        "a body that is text": f"body: conv\n{HEAD}",
        "a head that is a list": f"{BODY}head: [1, 2]\n",
        "a block that is a list": f"body:\n  c1: [conv, 6]\n{HEAD}",
        "missing values": f"body:\n  c1: ???\n{HEAD}",
        "a missing value": f"body:\n  c1: {{block: conv, channels: '???'}}\n{HEAD}",
        "blocks after each other": f"body:\n  a: {{block: conv, channels: 3, after: b}}\n  b: {{block: conv, channels: 3, after: a}}\n{HEAD}",
        "a block from itself": f"body:\n  a: {{block: conv, channels: 3, from: a}}\n{HEAD}",
        "a block from nowhere": f"body:\n  a: {{block: conv, channels: 3, from: [x, y, z]}}\n{HEAD}",
        "patterns of stars": f"freeze: ['{'*a' * 200}']\n{NET}",
    }.items()
] + [
    other(f"data: {what}", "data", f"source: synthetic\nclasses: 10\nsamples: 20\nshape: [1, 8, 8]\n{text}\n", *more)
    for what, text, *more in [
        ("a batch of nothing", "batch_size: 0"), ("a batch without end", "batch_size: 99999999999999999999"),
        ("a fraction of all", "val_fraction: 1.0"), ("a source of nothing", "subset: -1"),
        ("a text for a flag", "download: 'yes'"), ("names of escapes", 'names: ["\\x1b[31m"]', "task=train"),
        ("names of mappings", "names: {a: b}"), ("a size of rubbish", "size: [1, 2, 3]"),
        ("a size as large as a country", "size: 999999999", "task=train"), ("an unknown setting", "sorce: x"),
    ]
] + [
    other("data that fill the memory", "data",
          "source: synthetic\nclasses: 10\nsamples: 999999999\nshape: [3, 2000, 2000]\n", "task=train"),
    other("classes without end", "data",
          "source: synthetic\nclasses: 999999999\nsamples: 20\nshape: [3, 2000, 2000]\n", "task=train"),
    other("images larger than memory", "data",
          "source: synthetic\nclasses: 10\nsamples: 1\nshape: [3, 900000, 900000]\n", "task=train"),
    model("a layer that fills the memory", "body:\n  c1: {block: conv, channels: 6}\nhead:\n  f: {block: flatten}\n"
          "  l: {block: linear, features: 999999999}\n  out: {block: linear, features: classes}\n", *TINY),
    model("many layers that fill the memory", "body:\n  c1: {block: conv, channels: 20000, repeat: 40}\n" + HEAD, *TINY),
    other("a rate that is a word", "optimizer", "kind: sgd\nlr: fast\n"),
    other("an optimizer that is none", "optimizer", "kind: os.system\n"),
    other("a trainer of a million devices", "trainer", "max_epochs: 1\ndevices: 1000000\n", "task=train"),
    other("a trainer on nothing", "trainer", "max_epochs: 1\naccelerator: ../x\n"),
    other("a task of a file", "debug", "# @package _global_\ntask: report\ndir: /\n", "seed=0"),
    other("another network of a file", "debug", "# @package _global_\nagainst: plugins=[evil]\n", "task=diff"),
    other("a checkpoint of a file", "debug", "# @package _global_\nckpt_path: /etc/passwd\n", "task=test"),
    other("a name of a path", "debug", "# @package _global_\nname: ../../CANARY\nmodel: {norm: ../x}\n"),
]  # fmt: skip

# -- studies

WHAT = "question: x\nbase: {model: lenet}\n"
STUDIES = [
    study(f"a study: {what}", text) for what, text in {
        "its folder": "question: x\nbase: {model: lenet, hydra.run.dir: CANARY}\nfactors: {model.norm: [none, batch]}\n",
        "its sweep's folder": "question: x\nbase: {hydra.sweep.dir: CANARY}\nfactors: {model.norm: [none, batch]}\n",
        "a launcher": "question: x\nbase: {hydra/launcher: joblib}\nfactors: {model.norm: [none, batch]}\n",
        "Hydra as a factor": f"{WHAT}factors: {{hydra.job.chdir: [true, false]}}\n",
        "Hydra in an arm": f"{WHAT}factors: {{a: {{x: {{hydra.callbacks.x._target_: os.system}}}}}}\n",
        "an override within a name": f"{WHAT}factors: {{'model.norm=none hydra.run.dir': [a, b]}}\n",
        "an override within a value": f"{WHAT}factors: {{model.norm: ['none,hydra.run.dir=CANARY', b]}}\n",
        "another task": "question: x\nbase: {model: lenet, task: report, dir: /}\nfactors: {model.norm: [none]}\n",
        "a package in a name": f"{WHAT}factors: {{'model@hydra.run': [lenet, lenet]}}\n",
        "a deletion": f"{WHAT}factors: {{'~model.norm': [a, b]}}\n",
        "an addition": f"{WHAT}factors: {{'+hydra.run.dir': [a, b]}}\n",
        "a class": "question: x\nbase: {callbacks.x._target_: os.system}\nfactors: {model.norm: [none, batch]}\n",
        "a glob": f"{WHAT}factors: {{model: ['glob(*)', lenet]}}\n",
        "a range without end": f"{WHAT}factors: {{seed: ['range(1,100000000000)', 1]}}\n",
        "seeds without end": f"{WHAT}factors: {{model.norm: [none, batch]}}\nseeds: 1000000000000\n",
        "seeds that are none": f"{WHAT}factors: {{model.norm: [none, batch]}}\nseeds: [-1, x]\n",
        "factors without end": f"{WHAT}factors: {{{', '.join(f'model.body.c1.x{i}: [1,2,3,4,5,6,7,8,9,0]' for i in range(20))}}}\n",
        "each of everything": f"{WHAT}factors: {{'each({'*' * 60}x).norm': none}}\n",
        "each with brackets": f"{WHAT}factors: {{'each((a+)+$).norm': none}}\n",
        "each of plugins": f"{WHAT}factors: {{'each(plugins)': [evil]}}\n",
        "no question": "base: {model: lenet}\nfactors: {model.norm: [none, batch]}\n",
        "no factors": "question: x\nbase: {model: lenet}\n",
        "factors that are a list": f"{WHAT}factors: [1, 2]\n",
        "claims of rubbish": f"{WHAT}factors: {{model.norm: [none, batch]}}\nclaims: [3, {{a: b}}]\n",
        "claims of code": f"{WHAT}factors: {{model.norm: [none, batch]}}\n"
                          "claims: [{factor: model.norm, arm: batch, metric: \"__import__('os')\"}]\n",
        "a margin of nothing": f"{WHAT}factors: {{model.norm: [none, batch]}}\nmargin: .nan\n",
        "an alpha of all": f"{WHAT}factors: {{model.norm: [none, batch]}}\nalpha: 2\n",
        "an unknown metric": f"{WHAT}factors: {{model.norm: [none, batch]}}\nmetrics: [os.system]\n",
        "a tag": f"{WHAT}factors: !!python/name:os.system ''\n",
        "an alias": "question: &q x\nsource: *q\nbase: {model: lenet}\nfactors: {model.norm: [none, batch]}\n",
        "a list": "- 1\n",
        "octal seeds": f"{WHAT}factors: {{model.norm: [none, batch]}}\nseeds: 010\n",
        "a truth for an arm": f"{WHAT}factors: {{model.norm: [off, batch]}}\n",
        "nothing": "",
    }.items()
]  # fmt: skip

RECIPES = [
    *MADE,
    *SPELT,
    *HYDRA,
    *PLUGINS,
    *REFERENCES,
    *SHAPE,
    *SURPRISES,
    *PLACES_ELSEWHERE,
    *DEFAULTS,
    *MISSING,
    *VALUES,
    *STUDIES,
]
