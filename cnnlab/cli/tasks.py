"""What each `task=` does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from cnnlab.cli.dashboard import dashboard
from cnnlab.cli.diff import diff
from cnnlab.cli.draw import draw
from cnnlab.cli.explain import explain
from cnnlab.cli.inspect import inspect
from cnnlab.cli.lint import lint
from cnnlab.cli.output import Output
from cnnlab.cli.report import report
from cnnlab.cli.strip import strip
from cnnlab.cli.sync import sync
from cnnlab.config.composed import Composed
from cnnlab.config.run import Run
from cnnlab.config.table import traits
from cnnlab.door.pattern import matches
from cnnlab.door.words import json_text
from cnnlab.errors import Exit, Fault, UserError

if TYPE_CHECKING:
    from cnnlab.experiment.hardware import Hardware
    from cnnlab.experiment.restore import Restored

OUTPUTS = Path("outputs")


@dataclass
class Place:
    """The folder a task works in."""

    folder: Path
    done: Exit | None = None
    """how a finished run of the same identity that lies in it has ended"""
    identity: str = ""
    hardware: Hardware | None = None
    made: bool = field(default=False)
    """whether it is new, and ours to remove if nothing comes of it"""
    sweep: str | None = None
    """the name of the sweep whose folder it lies in"""


@contextmanager
def place(run: Run, composed: Composed, given: str | None) -> Iterator[Place]:
    """The folder for `run`: the given one, that of an interrupted run of the same identity, or a new one.

    It is held for training. UserError where it is in use, or holds another experiment.
    """
    from cnnlab.tracking.folder import new_folder

    name = composed.frozen.get("name") or composed.choices.get("model", "run")
    if run.top.task != "train":
        folder = Path(given) if given else new_folder(OUTPUTS, f"{run.top.task}_{name}")
        yield Place(folder)
        return
    with _held(run, given, name) as here:
        yield here


@contextmanager
def _held(run: Run, given: str | None, name: str) -> Iterator[Place]:
    from cnnlab.experiment.facts import identity
    from cnnlab.experiment.hardware import decide
    from cnnlab.tracking.folder import enter, enter_any

    hardware = decide(run.trainer, run.top.threads)
    which = identity(run, hardware.threads, hardware.precision, hardware.accelerator)
    lock, state = enter(given, which) if given else enter_any(OUTPUTS, name, which)
    ended = {"ok": Exit.DONE, "diverged": Exit.DIVERGED}.get(state.status or "") if state.kind == "finished" else None
    here = Place(lock.folder, ended, which, hardware, made=state.kind == "empty" and not given)
    console = Output()
    if ended is not None and state.result:
        said = f"test accuracy {state.result['test/acc']:.4f}" if "test/acc" in state.result else state.status
        console.print(f"{_shown(here.folder)} holds this run, finished: {said}. Nothing to do.", highlight=False)
    elif state.kind == "unfinished":
        console.print(f"taking up the {state.status or 'killed'} run in {_shown(here.folder)}", highlight=False)
    try:
        yield here
    finally:
        lock.release()
        if here.made:
            _clear(here.folder)


def _clear(folder: Path) -> None:
    """Remove a folder in which no run began: it may hold an empty log and the lock's file."""
    left = {path.name for path in folder.iterdir()}
    if left <= {"run.lock", "run.log"}:
        for name in left:
            (folder / name).unlink()
        folder.rmdir()


def sweep_folder() -> Path:
    from cnnlab.tracking.folder import new_folder

    return new_folder(OUTPUTS, "sweep")


def perform(run: Run, composed: Composed, here: Place) -> Exit:
    """Do the run's task in its folder."""
    here.folder.mkdir(parents=True, exist_ok=True)
    match run.top.task:
        case "train":
            return train(run, composed, here)
        case "summary":
            return summary(run, composed, here.folder)
        case "explain":
            return explain(run, composed)
        case "lint":
            return lint(run, composed)
        case "diff":
            return diff(run, composed, here.folder)
        case "draw":
            return draw(run, composed, here.folder)
        case "test":
            return test(run, composed)
        case "predict":
            return predict(run, composed, here.folder)
        case "report":
            return report(run.top)
        case "inspect":
            return inspect(run, composed, here.folder)
        case "schema" | "validate" as task:
            raise UserError(Fault("task", f"{task} is of files, not of a run; leave out -m"))
        case "sync":
            return sync(run.top)
        case "dashboard":
            return dashboard(run.top)
        case "preflight":
            raise AssertionError("checks a whole sweep: it is no task of one job")


def train(run: Run, composed: Composed, here: Place) -> Exit:
    from cnnlab.experiment.job import job
    from cnnlab.experiment.train import train as fit

    assert here.hardware
    return fit(job(run, composed, here.hardware, here.folder, here.identity, sweep=here.sweep), Output())


def summary(run: Run, composed: Composed, folder: Path) -> Exit:
    from cnnlab.experiment.facts import image_shape
    from cnnlab.experiment.initial import given
    from cnnlab.network.outline import network_record
    from cnnlab.tracking.durable import write_json
    from cnnlab.weights.report import lines, report

    record = network_record(run.network, image_shape(run))
    weights = given(run)
    file = folder / "network.json"
    if (folder / "run.json").exists():
        raise UserError(Fault("hydra.run.dir", f"{folder} is a run's folder, whose record stays; choose another"))
    write_json(file, record)
    if run.top.format == "json":
        print(json_text({**record, "weights": report(weights)} if weights else record, indent=2))
        return Exit.DONE
    console = Output()
    title = f"{composed.choices['model']} at {_sized(record['input'])}, {run.network.classes} classes"
    table = Table(title=title, title_justify="left", title_style="bold", box=None, header_style="dim", pad_edge=False)
    for heading in ("name", "block"):
        table.add_column(heading)
    for heading in ("output", "parameters", "MACs", "receptive field"):
        table.add_column(heading, justify="right")
    for layer in record["layers"]:
        rows, columns = layer["receptive_field"]
        seen = f"{rows}×{columns}"
        cells = (
            _sized(layer["shape"]),
            f"{layer['params']:,}" if layer["params"] else "",
            _millions(layer["macs"]),
            seen,
        )
        table.add_row(layer["name"], layer["block"], *cells)
    console.print(table)
    console.print(*strip(record, console.width), "", sep="\n", highlight=False, markup=False, soft_wrap=True)
    console.print(f"{record['params']:,} parameters, {record['macs']:,} MACs (multiply-adds an image)", highlight=False)
    for name, head in record.get("aux", {}).items():
        said = f"auxiliary head {name} after {head['from']}, in training only, weight {head['weight']:g}"
        cost = f"{head['params']:,} parameters, {head['macs']:,} MACs"
        console.print(f"{said}: {cost}", highlight=False, soft_wrap=True)
    for line in lines(weights) if weights else ():
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    console.print(f"  {file}", highlight=False, soft_wrap=True)
    return Exit.DONE


def _sized(shape: list[int]) -> str:
    return "×".join(map(str, shape))


def _millions(macs: int) -> str:
    return f"{macs / 1e6:,.2f} M" if macs >= 1e4 else f"{macs:,}" if macs else ""


def restored(run: Run, composed: Composed) -> Restored:
    """The run behind ckpt_path, with what the command line says outright in the place of its own settings."""
    from cnnlab.experiment.restore import restore

    if run.top.ckpt_path is None:
        message = f"task={run.top.task} needs a run's folder or a checkpoint: ckpt_path=outputs/…"
        raise UserError(Fault("ckpt_path", message))
    return restore(Path(run.top.ckpt_path), outright(composed))


def outright(composed: Composed) -> dict[str, Any]:
    """The settings that the command line sets, dotted; a group chosen there counts whole."""
    changes: dict[str, Any] = {}
    for text in composed.overrides:
        key = text.partition("=")[0].lstrip("+~")
        if not traits(key).of_record:
            continue
        value: Any = composed.config
        for part in key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        changes[key] = value
    return changes


def test(run: Run, composed: Composed) -> Exit:
    from cnnlab.experiment.test import on_test_split

    found = restored(run, composed)
    evaluation = on_test_split(found, run.trainer, run.top.threads)
    result = {"test/acc": evaluation.acc, "test/loss": evaluation.loss, "images": len(evaluation.truth)}
    if run.top.format == "json":
        print(json_text({**result, "checkpoint": str(found.checkpoint)}))
    else:
        Output().print(
            f"test accuracy {evaluation.acc:.4f}, loss {evaluation.loss:.4f} on {len(evaluation.truth):,} images\n"
            f"  {found.checkpoint}",
            highlight=False,
            soft_wrap=True,
        )
    return Exit.DONE


def predict(run: Run, composed: Composed, folder: Path) -> Exit:
    from cnnlab.tracking.predictions import Prediction, table, write_csv

    found = restored(run, composed)
    predictor = found.predictor
    files = image_files(run.top.images)
    probabilities = predictor.predict(files).tolist()
    predictions = [Prediction(str(file), tuple(row)) for file, row in zip(files, probabilities, strict=True)]
    write_csv(folder / "predictions.csv", predictions, predictor.classes)
    if run.top.format == "json":
        rows = [
            {"image": p.image, "probabilities": dict(zip(predictor.classes, p.probabilities, strict=True))}
            for p in predictions
        ]
        print(json_text(rows))
        return Exit.DONE
    console = Output()
    console.print(table(predictions, predictor.classes))
    console.print(f"  {folder / 'predictions.csv'}", highlight=False, soft_wrap=True)
    return Exit.DONE


def image_files(images: str | None) -> list[Path]:
    """The files that `images=` names: one, a folder's, or those of a glob pattern. UserError for none."""
    from cnnlab.data.listing import images as in_folder

    if images is None:
        raise UserError(
            Fault("images", "task=predict needs images: a file, a folder, or a pattern such as 'photos/*.png'")
        )
    path = Path(images).expanduser()
    if path.is_dir():
        files = in_folder(path, "images")
    elif path.is_file():
        files = [path]
    else:
        files = [found for found in matches(path) if found.is_file()]
    if not files:
        raise UserError(Fault("images", f"there are no images at {images}"))
    return files


def _shown(folder: Path) -> str:
    try:
        return str(folder.relative_to(Path.cwd()))
    except ValueError:
        return str(folder)
