"""Does any recipe, or any command line, end in a traceback or in nothing at all? Thousands of spoilt ones are tried.

    python -m benchmarks.fuzz                       5,000 cases, about 10 minutes on one core
    python -m benchmarks.fuzz cases=300 seed=7
    python -m benchmarks.fuzz only=1234 seed=0      one case of that run again, with what it said

A case is a shipped file with some of it replaced, cut or moved, chosen by a command; or a command line put together
from settings that there are and values that there should not be. Each must end with 0, 2 or 5 within 20 seconds.
Nothing is trained: what would train ends there. All in one process, in a folder of its own.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
import shlex
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from cnnlab.cli.main import main as run_py
from cnnlab.cli.tasks.train import Train
from cnnlab.errors import Exit
from cnnlab.override import Override
from cnnlab.sweep.pool import WorkerPool

CONF = Path(__file__).parents[1] / "conf"
LIMIT = 20
"""seconds of the processor for a case; what else the machine does takes none of them"""
WAIT = 300
"""seconds in all: who waits for what never comes uses no processor"""
GOOD = (Exit.DONE, Exit.USER, Exit.SWEEP)

GROUPS = ("model",) * 8 + (
    "data",
    "optimizer",
    "scheduler",
    "trainer",
    "augment",
    "callbacks",
    "blocks",
    "debug",
    "study",
)
KEYS = (
    *("model", "model.norm", "model.act", "model.width", "model.depth", "model.dropout", "model.body"),
    *("model.head", "model.body.c1", "model.body.c1.channels", "model.body.c1.kernel_size", "model.body.c1.stride"),
    *("model.body.c1.padding", "model.body.c1.repeat", "model.body.c1.block", "model.body.c1.after"),
    *("model.body.c1.from", "model.body.c1.norm", "model.body.new", "model.head.f5", "model.head.out.features"),
    *("model.kinds.conv.bias", "model.blocks.mine", "model.aux.a", "model.freeze", "model.input_size"),
    *("model.min_size", "model.init", "model.stochastic_depth", "model.divisor", "data", "data.shape"),
    *("data.classes", "data.size", "data.batch_size", "data.subset", "data.dir", "data.names", "data.val_fraction"),
    *("data.source", "data.samples", "optimizer", "optimizer.lr", "optimizer.kind", "optimizer.betas"),
    *("optimizer.lr_factors", "optimizer.weight_decay", "scheduler", "scheduler.warmup", "trainer.max_epochs"),
    *("trainer", "trainer.devices", "trainer.precision", "augment", "augment.shift", "callbacks"),
    *("callbacks.x._target_", "callbacks.x", "seed", "name", "tags", "threads", "loss.label_smoothing"),
    *("checkpoint.every", "ckpt_path", "weights", "adapt", "images", "dir", "format", "metrics", "jobs", "retry"),
    *("timeout", "study", "study.size", "debug", "blocks", "task", "plugins", "hydra.run.dir", "hydra.sweep.dir"),
    *("hydra.mode", "hydra.job.chdir", "hydra/launcher", "hydra.job.name", "nothing"),
)  # fmt: skip
VALUES = (
    *("0", "1", "-1", "3", "1e3", "1e999", ".5", "-0.0", "nan", "inf", "10**9", "999999999999999999999", "0x1f"),
    *("010", "1_0", "true", "no", "null", "none", "???", "", " ", "''", '""', "a b", "a=b", "a,b", "1,2,3"),
    *("[1,2]", "[1,[2]]", "{a:1}", "{block: conv, channels: 3}", "{block: conv}", "{block: {}}", "[", "]", "{"),
    *("}", "(", "'", '"', "\\", "$", "${", "${}", "${seed}", "${model}", "${oc.env:HOME}", "${oc.env:CNNLAB_NOPE}"),
    *("${nope:1}", "${.x}", "range(1,4)", "choice(1,2)", "glob(*)", "range(1,1e12)", "interval(0,1)", "each(*)"),
    *("lenet", "lenett", "resnet18", "d2l/lenet", "../x", "/etc/passwd", "batch", "group"),
    *("{kind: group, groups: 3}", "conv", "max_pool", "linear", "classes", "same", "valid", "auto", "cpu"),
    *("x" * 300, "é", "日本", "\x1b[31m", "\x00"[:0], "a\nb", "\u202e", "\udcff", "-m", "--cfg", "~x", "+x", "@x"),
    *("a.b", "a/b", "train", "test", "predict", "summary", "preflight", "report", "json", "mine", "nowhere", "."),
    *("0,1", "sort(1,0)"),
)  # fmt: skip
FLAGS = (
    "-m",
    "--cfg job",
    "--cfg",
    "-cd mine",
    "-cd nowhere",
    "-cn nothing",
    "--info",
    "--resolve --cfg job",
    "-h",
    "--zzz",
)
PIECES = (
    *("*", "&a", "*a", "!!int", "!x", "<<", "---", "...", "%", "@", "`", "|", ">", "? ", ": ", "- ", "#", "\t"),
    *("\n", "  ", "{", "}", "[", "]", ",", "'", '"', "\\x1b", "${", "${model.body}", "${oc.env:HOME}", "_target_"),
    *("hydra", "defaults", "null", "no", "010", "12:30", "1e999", ".inf", "99999999999999999999", "-1", "0"),
    *("\u202e", "\x85", "\ufeff", "é", "\x00", "block", "conv", "sequential", "parallel", "repeat: 5000", "body:"),
    *("branches:", "from: input", "after: c1", "$9*9", "$x"),
)  # fmt: skip
RUBBISH: tuple[Any, ...] = (
    *(None, True, -1, 0, 1, 3.5, 10**30, float("inf"), float("nan"), "", "x", "x" * 300, "conv", "classes"),
    *("\x1b[0m", "???", [], {}, [1, None], [[]], {"a": {}}, {"block": "conv"}, {"block": 3}),
    *({"_target_": "os.getcwd"}, "${seed}", "$1/0", "no"),
)  # fmt: skip


@dataclass
class Case:
    """A command, and the file that it chooses, if there is one."""

    words: list[str]
    file: str | None = None
    text: str = ""


@dataclass
class Totals:
    """How many cases ended how."""

    ends: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest: float = 0.0


def case(seed: int, number: int) -> Case:
    """The case of that number; it depends on nothing else."""
    dice = random.Random(f"{seed}/{number}")
    return _recipe(dice) if dice.random() < 0.6 else Case(_words(dice))


def _recipe(dice: random.Random) -> Case:
    group = dice.choice(GROUPS)
    file = dice.choice(sorted((CONF / group).rglob("*.yaml")))
    text = file.read_text(encoding="utf-8")
    text = _spoilt_data(text, dice) if dice.random() < 0.5 else _spoilt_text(text, dice)
    task = "preflight" if group == "study" else "summary" if dice.random() < 0.8 else "train"
    more = _words(dice)[:2] if dice.random() < 0.2 else []
    return Case(["-cd", "mine", f"{group}=spoilt", f"task={task}", *more], f"mine/{group}/spoilt.yaml", text)


def _spoilt_text(text: str, dice: random.Random) -> str:
    for _ in range(dice.choice((1, 1, 2, 5, 20))):
        at, to = sorted(dice.randrange(len(text) + 1) for _ in range(2))
        match dice.randrange(5):
            case 0:
                text = text[:at] + dice.choice(PIECES) + text[at:]
            case 1:
                text = text[:at] + text[min(to, at + dice.randrange(1, 40)) :]
            case 2:
                text = text[:at] + dice.choice(PIECES) + text[min(at + 3, len(text)) :]
            case 3:
                text = text[:to] + text[at : at + dice.randrange(1, 80)] + text[to:]
            case 4:
                lines = text.splitlines(keepends=True)
                dice.shuffle(lines)
                text = "".join(lines)
        text = text or "x"
    return text


def _spoilt_data(text: str, dice: random.Random) -> str:
    first = [line for line in text.splitlines()[:1] if line.startswith("# @package")]
    return "\n".join([*first, yaml.safe_dump(_spoilt(yaml.safe_load(text), dice), sort_keys=False, allow_unicode=True)])


def _spoilt(value: Any, dice: random.Random) -> Any:
    """`value` with some of it replaced, removed, renamed or repeated."""
    if dice.random() < 0.06:
        return dice.choice(RUBBISH)
    match value:
        case dict():
            kept = {key: inner for key, inner in value.items() if dice.random() > 0.03}
            named = {_name(key, dice): inner for key, inner in kept.items()}
            return {key: _spoilt(inner, dice) for key, inner in named.items()}
        case list():
            return [_spoilt(inner, dice) for inner in value if dice.random() > 0.05] * dice.choice((1, 1, 1, 2))
    return value


def _name(key: Any, dice: random.Random) -> Any:
    if dice.random() > 0.03:
        return key
    return dice.choice(
        (f"{key}x", 3, "", "block", "_x", "a.b", "a b", "\x1b[0m", "hydra", "defaults", "repeat", "from")
    )


def _words(dice: random.Random) -> list[str]:
    words = []
    for _ in range(dice.choice((1, 2, 3, 6))):
        kind = dice.random()
        if kind < 0.08:
            words += dice.choice(FLAGS).split(" ")
        elif kind < 0.13:
            words.append(dice.choice(VALUES))
        else:
            key, value = dice.choice(KEYS), dice.choice(VALUES)
            key = f"{dice.choice(('+', '++', '~', '-', 'each(model.body.c*).'))}{key}" if dice.random() < 0.08 else key
            value = f"{value}{dice.choice((',', '', ' '))}{dice.choice(VALUES)}" if dice.random() < 0.15 else value
            words.append(f"{key}={value}" if dice.random() > 0.03 else key)
    if dice.random() < 0.8:
        words.append(f"task={dice.choice(('summary', 'summary', 'train', 'preflight', 'predict', 'test', 'report'))}")
    return words


def attempt(one: Case) -> tuple[int | None, str, float]:
    """(exit code, what was said, seconds); the code is None where it failed, and what was said is the traceback."""
    if one.file:
        Path(one.file).parent.mkdir(parents=True, exist_ok=True)
        Path(one.file).write_bytes(one.text.encode("utf-8", "surrogatepass"))
    said, started = io.StringIO(), time.process_time()
    signal.setitimer(signal.ITIMER_PROF, LIMIT)
    signal.alarm(WAIT)
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = int(run_py(CONF, one.words))
    except BaseException:
        return None, traceback.format_exc(), time.process_time() - started
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
    return code, said.getvalue(), time.process_time() - started


def fuzz(cases: range, seed: int, tell: Callable[[str], object] = lambda _: None) -> Totals:
    """Try the cases of these numbers, in the folder where we stand."""
    totals = Totals()
    for number in cases:
        one = case(seed, number)
        code, said, seconds = attempt(one)
        totals.ends[-1 if code is None else code] += 1
        totals.slowest = max(totals.slowest, seconds)
        if code not in GOOD or "Traceback (most recent call last)" in said:
            totals.failures.append(f"case {number}: {shlex.join(one.words)!r} ended with {code}\n{said[-3000:]}")
            tell(totals.failures[-1])
        elif seconds > LIMIT / 4:
            tell(f"case {number}: {shlex.join(one.words)!r} took {seconds:.1f} s")
    return totals


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """A process in which nothing trains, no process is started and no case takes for ever."""
    patched = Train.run, Train.run_sweep, WorkerPool.warm
    Train.run = Train.run_sweep = lambda *_: Exit.DONE  # type: ignore[assignment]
    WorkerPool.warm = lambda *_: None  # type: ignore[assignment]
    handlers = {number: signal.signal(number, _late) for number in (signal.SIGALRM, signal.SIGPROF)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        Train.run, Train.run_sweep, WorkerPool.warm = patched  # type: ignore[assignment]


def _late(number: int, frame: Any) -> None:
    raise TimeoutError(f"still at it after {LIMIT} s")


def main(words: list[str]) -> int:
    asked = {"cases": 5000, "seed": 0, "only": -1}
    for word in words:
        override = Override.read(word)
        key, value = override.key, override.value or ""
        if key not in asked or not value.isdigit():
            print(f"{word}: write {', '.join(f'{name}=NUMBER' for name in asked)}", file=sys.stderr)
            return Exit.USER
        asked[key] = int(value)
    with TemporaryDirectory() as folder, _in(folder), quiet():
        if asked["only"] >= 0:
            one = case(asked["seed"], asked["only"])
            code, said, seconds = attempt(one)
            print(f"{shlex.join(one.words)}\n{one.text}\n{said}\nended with {code} after {seconds:.2f} s")
            return code not in GOOD
        totals = fuzz(range(asked["cases"]), asked["seed"], lambda text: print(text, flush=True))
    ends = ", ".join(f"{count} with {code}" for code, count in sorted(totals.ends.items()))
    failed = len(totals.failures)
    print(f"{asked['cases']} cases, seed {asked['seed']}: {ends}; {failed} failed; slowest {totals.slowest:.1f} s")
    return failed > 0


@contextlib.contextmanager
def _in(folder: str) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
