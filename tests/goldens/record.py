"""What must not move, and how it is recorded: `python tests/goldens/record.py [models] [runs] [views] [verdicts]`.

It rewrites the files in this folder (all of them unless some are named) from the code as it is. Do so only when a
change is meant to move them, look at what `git diff` shows of it, and say in CHANGELOG.md what moved and why.

    models.json     of every network of conf/model with the default data: the fingerprint, a digest of the plain value
                    that its identity hashes (versions left out), and what its first weights are
    plain.json      the plain values themselves, of a few networks
    runs.json       of command lines: the identity, the plain value that it hashes, and the variant's name
    views/          network.json, summary, explanation, smells and difference of a few networks, as they are printed
    verdicts/       comparison.json of sweeps that were made up, one of each kind of verdict

v0_2_0/ is not made by it: those files were left by version 0.2.0, and stay as they are.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import math
import os
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1])]  # where pytest finds the tests' helpers and the package

import torch  # noqa: E402
from goldens.sweeps import SWEEPS  # noqa: E402
from sample_networks import NAMES  # noqa: E402
from tiny_run import CONF  # noqa: E402

from cnnlab.cli.check import check  # noqa: E402
from cnnlab.cli.main import main as run_py  # noqa: E402
from cnnlab.comparison import compare  # noqa: E402
from cnnlab.comparison.comparison import record  # noqa: E402
from cnnlab.config.compose import compose  # noqa: E402
from cnnlab.config.engine import start  # noqa: E402
from cnnlab.experiment.facts import fingerprint, image_shape, plain_identity, variant  # noqa: E402
from cnnlab.network.build import build  # noqa: E402
from cnnlab.settings import digest  # noqa: E402
from cnnlab.tracking.plain import finite  # noqa: E402

PROBED = 1_000_000
SHOWN = ("lenet", "d2l/bn_lenet", "resnet18", "googlenet", "mobilenet_v2")
"""networks whose plain value is kept itself"""
OWN = HERE / "v0_2_0"
"""a folder with a network that has auxiliary heads, blocks of its own, and blocks that take several others' outputs"""
VIEWED = ("lenet", "d2l/bn_lenet", "resnet18", "googlenet", "densenet121", "mobilenet_v2", "kept")
"""networks of which all views are kept"""
AGAINST = {
    "lenet": "model=lenet model.norm=batch model.head.f6=null",
    "d2l/bn_lenet": "model=d2l/lenet",
    "resnet18": "model=resnet34",
    "googlenet": "model=paper/googlenet",
    "densenet121": "model=densenet169",
    "mobilenet_v2": "model=mobilenet_v2 model.width=0.5 model.divisor=8",
    "kept": "model=kept model.norm=none model.aux=null model.body.mixed=null",
}
"""what task=diff compares each of them with"""
VIEWS = ("network.json", "summary", "explain", "lint", "diff")
COMMANDS = (
    "",
    "trainer.progress=false name=x tags=[a,b] data.download=false jobs=1 checkpoint.every=5",
    "seed=3 loss.label_smoothing=0.1",
    "data=cifar10 augment=flip_crop",
    "data=synthetic data.size=32 data.classes=4 data.batch_size=16 data.subset=100 data.val_fraction=0.2",
    "data.mean=[0.3] data.std=[0.4]",
    "optimizer=adamw optimizer.lr=0.001 optimizer.weight_decay_factors={*.bias:0,body:0.5}",
    "optimizer=adam optimizer.lr_factors={body:0.1} scheduler=cosine",
    "scheduler=step scheduler.warmup=1",
    "scheduler=constant trainer.max_epochs=7 trainer.accumulate_grad_batches=2 trainer.gradient_clip_val=null",
    "callbacks=early_stopping",
    "model.freeze={body:2,head.f5:true}",
    "metrics=[shift,gap]",
    "model=resnet18 model.norm=group model.width=0.5 model.body.stage4=null",
    "model=resnet18 model.body.stage3.repeat=6 +model.body.extra={block:conv,channels:64,after:stage2}",
    "model=googlenet model.aux=null data=mnist data.dir=/data/mnist",
)
"""command lines of runs whose identity is kept"""


def dumps(value: Any, indent: str = "", width: int = 120) -> str:
    """JSON whose lists and mappings stand on one line where they fit: small, and a change of one number is one line."""
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or len(indent) + len(flat) <= width:
        return flat
    inner = indent + " "
    if isinstance(value, list):
        rows, ends = [dumps(one, inner, width) for one in value], "[]"
    else:
        rows = [f"{json.dumps(key, ensure_ascii=False)}: {dumps(one, inner, width)}" for key, one in value.items()]
        ends = "{}"
    return f"{ends[0]}\n{inner}" + f",\n{inner}".join(rows) + f"\n{indent}{ends[1]}"


def load(name: str) -> Any:
    return json.loads((HERE / name).read_text(encoding="utf-8"))


@cache
def run_of(words: tuple[str, ...]) -> Any:
    run, faults = check(compose(_loader(), "config", list(words)))
    assert run is not None, "\n".join(map(str, faults))
    return run


@cache
def _loader() -> Any:
    return start(CONF).config_loader


# -- models.json, plain.json, runs.json


def plain(run: Any) -> dict[str, Any]:
    """All that a run's identity hashes, for one thread of a CPU in full precision. Versions and images are left out."""
    return plain_identity(run, threads=1, precision="32", accelerator="cpu", data_digest=None)


def plain_network(run: Any) -> list[Any]:
    """What a network's fingerprint hashes."""
    return [run.network.plain(), list(image_shape(run))]


def model(name: str) -> dict[str, Any]:
    run = run_of((f"model={name}",))
    return {"fingerprint": fingerprint(run), "identity": digest(plain(run))}


def weights(name: str) -> dict[str, Any]:
    """A network's first weights, from seed 0: a digest of their names and shapes, their bits, and two sums.

    The last bits of most of them depend on the kind of CPU: torch adds up in the order of its vectors, and LAPACK makes
    the orthogonal weights of `looks_linear`. So the bits are compared on the kind that recorded them alone, and of
    orthogonal weights not at all; the sums everywhere, with a tolerance. Each weight adds to them what does not depend
    on its size: the logarithm of its norm, and its direction along cos(0), cos(1), … (of its first PROBED values).
    """
    run = run_of((f"model={name}",))
    state = build(run.network, image_shape(run), seed=0).state_dict()
    bits, norms, directions = hashlib.sha256(), 0.0, 0.0
    for number, value in enumerate(state.values(), start=1):
        bits.update(value.numpy().tobytes())
        flat = value.flatten()[:PROBED].double()
        if norm := float(flat.norm()):
            norms += math.log(norm)
            probe = torch.cos(torch.arange(len(flat), dtype=torch.float64))
            directions += math.cos(number) * float(flat @ probe) / norm
    orthogonal = "looks_linear" in json.dumps(run.network.plain())
    return {
        "names": digest({path: [*value.shape] for path, value in state.items()}),
        "values": sum(value.numel() for value in state.values()),
        "bits": None if orthogonal else bits.hexdigest()[:16],
        "sums": [round(norms, 6), round(directions, 6)],
    }


def machine() -> dict[str, str]:
    """What first weights depend on: torch's version, and their last bits on the vectors that its kernels use."""
    return {"torch": torch.__version__.partition("+")[0], "cpu": torch.backends.cpu.get_cpu_capability()}


def plain_of_command(words: str) -> dict[str, Any]:
    run = run_of(tuple(words.split()))
    value = plain(run)
    return {"identity": digest(value), "variant": variant(words.split()), "plain": json.loads(json.dumps(value))}


# -- views/: what the command line prints


def view_file(name: str, view: str) -> Path:
    return HERE / "views" / f"{name.replace('/', '_')}.{view}{'' if '.' in view else '.txt'}"


def view(name: str, what: str) -> str:
    """One view of a network, as the command line prints it; where it stands in conf/ is told without the line."""
    words = [f"model={name}", *(["--config-dir", str(OWN)] if (OWN / "model" / f"{name}.yaml").exists() else [])]
    if what == "network.json":
        return dumps(json.loads(_printed(*words, "task=summary", "format=json"))) + "\n"
    task = [f"task={what}", *([f"against={AGAINST[name]}"] if what == "diff" else [])]
    lines = _printed(*words, *task).splitlines()
    return "\n".join(line.rstrip() for line in lines if not line.endswith("network.json")) + "\n"


def _printed(*words: str) -> str:
    """What run.py prints, 80 columns wide, called in an empty folder."""
    said, here, width = io.StringIO(), os.getcwd(), os.environ.get("COLUMNS")
    with TemporaryDirectory() as folder, contextlib.redirect_stdout(said):
        os.chdir(folder)
        os.environ["COLUMNS"] = "80"
        try:
            code = run_py(CONF, list(words))
        finally:
            os.chdir(here)
            os.environ.pop("COLUMNS")
            os.environ.update({"COLUMNS": width} if width else {})
    assert code == 0, words
    return re.sub(r"(\S*/)?(conf/\S+\.yaml):\d+:\d+", r"\2", said.getvalue())


# -- verdicts/: comparison.json of made-up sweeps


def verdicts(name: str) -> dict[str, Any]:
    """comparison.json of one made-up sweep (or several, compared together), its numbers to ten digits."""
    with TemporaryDirectory() as folder:
        text = json.dumps(finite(record(compare(SWEEPS[name](Path(folder))))))
    return json.loads(text, parse_float=lambda number: float(f"{float(number):.10g}"))


def files(wanted: set[str]) -> Iterator[tuple[Path, str]]:
    """Each golden file and what it should hold."""
    if "models" in wanted:
        found = {name: {**model(name), "weights": weights(name)} for name in NAMES}
        yield HERE / "models.json", dumps({**machine(), "models": found}) + "\n"
        shown = {name: plain_network(run_of((f"model={name}",))) for name in SHOWN}
        yield HERE / "plain.json", dumps(shown) + "\n"
    if "runs" in wanted:
        yield HERE / "runs.json", dumps({words: plain_of_command(words) for words in COMMANDS}) + "\n"
    if "views" in wanted:
        yield from ((view_file(name, what), view(name, what)) for name in VIEWED for what in VIEWS)
    if "verdicts" in wanted:
        yield from ((HERE / "verdicts" / f"{name}.json", dumps(verdicts(name)) + "\n") for name in SWEEPS)


def main(words: list[str]) -> None:
    kinds = ("models", "runs", "views", "verdicts")
    if unknown := set(words) - set(kinds):
        raise SystemExit(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(kinds)}")
    for file, text in files(set(words) or set(kinds)):
        file.parent.mkdir(exist_ok=True)
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            print(f"changed: {file.relative_to(HERE)}")


if __name__ == "__main__":
    main(sys.argv[1:])
