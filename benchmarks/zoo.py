"""Does every network that ships learn? Trains each one by the default recipe, in a process of its own, and says.

    python -m benchmarks.zoo                                      every network of conf/model
    python -m benchmarks.zoo nin vgg11 --seeds 3 --markdown -- optimizer.lr=0.1

Networks too costly for a few minutes on two cores get fewer images; those too costly for FEWEST of them are to learn
BY_HEART images by heart instead, in more epochs, and have no accuracy on others: their rows say so. `--images` and
`--epochs` hold for all, and what follows `--` goes to run.py as it is. Where others use the machine, `-- threads=1` is
not only fairer but many times faster.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.setting import CONF, ROOT, heading, run_of
from cnnlab.cli.messages import complain
from cnnlab.config.run import Run
from cnnlab.data.dataset import open_dataset
from cnnlab.errors import Exit, Fault, UserError, near
from cnnlab.experiment.facts import image_shape
from cnnlab.experiment.hardware import decide
from cnnlab.network.graph import Graph, graph
from cnnlab.tracking.durable import read_lines
from cnnlab.tracking.record import settle

NETWORKS = sorted(str(file.relative_to(CONF / "model").with_suffix("")) for file in (CONF / "model").rglob("*.yaml"))

EPOCH = 2e11
"""multiply-adds that an epoch may take, a weight's update counted as one an image: about 10 s on one core with bf16"""
FEWEST = 2000
"""images on which accuracy says something"""
BY_HEART = 64
"""images that a network is to know by heart where FEWEST cost too much"""
HEART_EPOCHS = 40


@dataclass(frozen=True)
class Entry:
    """A network that is to be trained."""

    model: str
    run: Run
    paper: Graph
    there: int
    """training images there are"""
    images: int
    """those it is trained on"""

    @property
    def by_heart(self) -> bool:
        return self.images <= BY_HEART


@dataclass(frozen=True)
class Trial:
    """One training of it, as its folder tells."""

    result: dict[str, Any]
    rows: list[dict[str, Any]]


def main(argv: Sequence[str]) -> int:
    at = argv.index("--") if "--" in argv else len(argv)
    options, overrides = _parser().parse_args(argv[:at]), list(argv[at + 1 :])
    epochs = [f"trainer.max_epochs={options.epochs}"] if options.epochs else []
    console, ends, rows = Console(stderr=True), [], []
    overrides = [*epochs, *overrides]
    try:
        entries = [entry(model, options.images, overrides) for model in options.models or NETWORKS]
    except UserError as error:
        return complain(error.faults, error.code)
    first = entries[0].run
    print(heading("benchmarks.zoo", argv, decide(first.trainer, first.top.threads)))
    for which in entries:
        with console.status(f"{which.model}: {which.images:,} images"):
            trials = [train(which, seed, overrides) for seed in range(options.seeds)]
        rows.append(row(which, trials))
        ends += [trial.result["status"] for trial in trials]
        console.print(*rows[-1].values(), sep="  ", highlight=False, soft_wrap=True)
    show(rows, options.markdown)
    return Exit.DONE if set(ends) == {"ok"} else Exit.SWEEP


def _parser() -> argparse.ArgumentParser:
    description, _, epilog = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        "python -m benchmarks.zoo",
        "%(prog)s [model …] [--images N] [--epochs N] [--seeds N] [--markdown] [-- overrides…]",
        description,
        epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("models", nargs="*", metavar="model", help="those of conf/model; none named: all of them")
    parser.add_argument("--images", type=int, metavar="N", help="train on so many images (data.subset)")
    parser.add_argument("--epochs", type=int, metavar="N", help="trainer.max_epochs")
    parser.add_argument("--seeds", type=int, metavar="N", default=1, help="train each network so many times")
    parser.add_argument("--markdown", action="store_true", help="print the table as markdown")
    return parser


def entry(model: str, images: int | None, overrides: list[str]) -> Entry:
    """The network on paper and what it is to be trained on. UserError for settings that are at fault."""
    if model not in NETWORKS:
        raise UserError(Fault("model", f"there is no model {model!r}{near(model, NETWORKS)}"))
    run = run_of([f"model={model}", *overrides])
    there = len(open_dataset(run.data.model_copy(update={"subset": None}), run.top.seed).train)
    paper = graph(run.network, image_shape(run))
    subset = run.data.subset if isinstance(run.data.subset, int) else None
    most = images or subset or affordable(paper.macs, paper.params)
    return Entry(model, run, paper, there, min(most, there))


def affordable(macs: int, params: int) -> int:
    """Training images for which an epoch stays within its multiply-adds, in round numbers."""
    images = int(EPOCH / (macs + params)) // 500 * 500
    return images if images >= FEWEST else BY_HEART


def train(which: Entry, seed: int, overrides: list[str]) -> Trial:
    """One `python run.py …` in a folder that is gone afterwards."""
    words = [f"model={which.model}", f"seed={seed}", f"data.subset={which.images}"]
    if which.by_heart:  # nothing else costs anything: few images to validate on, one checkpoint
        words += [f"trainer.max_epochs={HEART_EPOCHS}", f"checkpoint.every={HEART_EPOCHS}"]
        words += ["data.batch_size=32", "data.val_fraction=0.001"]
    words += overrides
    with TemporaryDirectory(prefix="cnnlab-zoo-") as folder:
        command = [sys.executable, str(ROOT / "run.py"), *words, f"hydra.run.dir={folder}"]
        done = subprocess.run(command, capture_output=True, text=True)
        file = Path(folder) / "result.json"
        if not file.is_file():  # killed, or never begun
            said = done.stderr.strip().splitlines() or ["it said nothing"]
            settle(folder, "failed", {"error": f"exit code {done.returncode}: {said[-1]}"})
        return Trial(json.loads(file.read_text()), read_lines(Path(folder) / "metrics.jsonl"))


def row(which: Entry, trials: Sequence[Trial]) -> dict[str, str]:
    """A network's cells under their headings; over several seeds the mean and, in brackets, lowest and highest."""
    paper = which.paper
    ends = [trial.rows[-1] for trial in trials if trial.rows]
    results = [trial.result for trial in trials]
    return {
        "network": which.model,
        "input": "×".join(map(str, paper.input)),
        "parameters": f"{paper.params:,}",
        "MACs": f"{paper.macs / 1e6:,.1f} M",
        "images": f"{which.images:,}" + (f" of {which.there:,}" if which.images < which.there else ""),
        "epochs": str(max((end["epoch"] for end in ends), default=0)),
        "s/epoch": several([one["seconds"] for trial in trials for one in trial.rows], 1, spread=False),
        "train loss": several([end["train/loss"] for end in ends], 3),
        "train acc": several([end["train/acc"] for end in ends], 3),
        "val acc": several([None if which.by_heart else result.get("best/val_acc") for result in results], 3),
        "test acc": several([None if which.by_heart else result.get("test/acc") for result in results], 3),
        "status": "; ".join(dict.fromkeys(text for result in results for text in status(result))),
    }


def several(values: Sequence[float | None], digits: int, spread: bool = True) -> str:
    """
    >>> several([0.5], 3), several([0.5, None, 0.7], 3), several([None], 3)
    ('0.500', '0.600 (0.500–0.700)', '–')
    """
    known = [value for value in values if value is not None]
    if not known:
        return "–"
    ends = f" ({min(known):.{digits}f}–{max(known):.{digits}f})" if spread and len(known) > 1 else ""
    return f"{fmean(known):.{digits}f}{ends}"


def status(result: dict[str, Any]) -> list[str]:
    """How it ended, or what it was warned of where it ended well.

    >>> status({"status": "ok", "warnings": ["not learning: the training loss is still that of chance"]})
    ['not learning']
    """
    if result["status"] == "ok":
        return [warning.partition(":")[0] for warning in result["warnings"]] or ["ok"]
    return [": ".join(filter(None, (result["status"], result.get("error"))))]


def show(rows: Sequence[dict[str, str]], markdown: bool) -> None:
    headings = list(rows[0])
    left = ("network", "status")
    if markdown:
        print(f"| {' | '.join(headings)} |\n|{'|'.join('---' if h in left else '--:' for h in headings)}|")
        for cells in rows:
            print(f"| {' | '.join(cells.values())} |")
        return
    table = Table(box=None, header_style="dim", pad_edge=False)
    for name in headings:
        table.add_column(name, justify="left" if name in left else "right", no_wrap=name != "status")
    for cells in rows:
        table.add_row(*cells.values())
    Console(width=None if sys.stdout.isatty() else 150).print(table, highlight=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
