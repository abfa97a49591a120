"""The YAML files of a configuration, composed and checked: all faults of all files at once."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cnnlab import dotted
from cnnlab.cli.arguments import Arguments, quoted
from cnnlab.cli.check import check, misfits
from cnnlab.cli.grid import read_request
from cnnlab.cli.messages import complain
from cnnlab.cli.sweep_checks import check_jobs
from cnnlab.config import SHARED
from cnnlab.config.compose import compose
from cnnlab.config.composed import Composed
from cnnlab.config.engine import start
from cnnlab.config.files import Unreadable, shown
from cnnlab.data.source import Source
from cnnlab.errors import Exit, Fault, UserError
from cnnlab.network.composite import misread
from cnnlab.origin import COMMAND_LINE, Origin
from cnnlab.override import Override, keys
from cnnlab.program import command, installed
from cnnlab.sweep.study import SIZES
from cnnlab.sweep.study_file import find
from cnnlab.text import plural
from cnnlab.untrusted.terminal import Output

if TYPE_CHECKING:
    from cnnlab.config.engine import HydraEngine

OURS = ("dir", "format", "task", "study", "study.size")
"""settings of the check itself, not of what it composes"""
CLASSES = 10
"""stands in where only a folder of images knows"""


@dataclass(frozen=True)
class Problem:
    """One fault."""

    file: str
    line: int | None
    column: int | None
    path: str
    message: str
    lines: tuple[str, ...] = ()

    def __str__(self) -> str:
        location = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        fault = Fault(self.path, self.message)
        return "\n".join([f"{location}  {fault}", *(f"    {line}" for line in self.lines)])


def validate(hydra: HydraEngine, arguments: Arguments) -> Exit:
    """Check every file, or those below the file or folder that `dir=` names, or one study; with the other overrides."""
    study = arguments.value("study")
    named = str(find(study, hydra.folders)) if study else arguments.value("dir")
    places = files_to_check(hydra.folders, named)
    problems: dict[Problem, None] = {}
    for root, file in places:
        engine = hydra if root in hydra.folders else start(hydra.folders[-1], root)
        for fault in faults(engine, arguments, file, root):
            problems[problem(fault, file, arguments.overrides)] = None
    if arguments.value("format") == "json":
        print(
            json.dumps({"files": len(places), "faults": [asdict(problem) for problem in problems]}, ensure_ascii=False)
        )
        return Exit.USER if problems else Exit.DONE
    count = plural(len(places), "file")
    if problems:
        complain(problems)
        files = len({problem.file for problem in problems} - {str(COMMAND_LINE)})
        files_named = f"in {files} of {count}" if files else "on the command line"
        complain([f"{plural(len(problems), 'fault')} {files_named}"])
        return Exit.USER
    Output().print(f"{count}, no fault", highlight=False)
    return Exit.DONE


def files_to_check(confs: Sequence[Path], named: str | None) -> list[tuple[Path, Path]]:
    """The files to check, each with the folder of configuration that it lies in. UserError where there are none."""
    if named is None:
        own = confs[:-1] if installed() else confs  # shipped files are the installer's, in a clone the user's too
        if not own:
            message = f"there is no folder conf here with files of yours; {command('new', 'mine')} writes one"
            raise UserError(Fault("dir", message))
        return [(conf, file) for conf in own for file in sorted(conf.rglob("*.yaml"))]
    path = Path(named).expanduser().resolve()
    files = sorted(path.rglob("*.yaml")) if path.is_dir() else [path] if path.is_file() else []
    if not files:
        raise UserError(Fault("dir", f"there is no YAML file at {named}"))
    groups = {folder.name for conf in confs for folder in conf.iterdir() if folder.is_dir()}
    return [(_root(file, confs, groups), file) for file in files]


def _root(file: Path, confs: Sequence[Path], groups: set[str]) -> Path:
    """The folder of configuration around a file: a known one, else that of its group, else the file's own."""
    known = next((conf for conf in confs if conf.resolve() in file.parents), None)
    group = next((above for above in file.parents if above.name in groups), None)
    return known or (group.parent if group else file.parent)


def faults(hydra: HydraEngine, arguments: Arguments, file: Path, root: Path) -> Iterator[Fault]:
    """What is wrong with one file."""
    *groups, name = file.relative_to(root.resolve() if root.resolve() in file.parents else root).with_suffix("").parts
    words = [word for word in arguments.overrides if Override.read(word).key not in OURS]
    if not groups:
        yield from _of_group(hydra, name, words, None)
        return
    group, option = groups[0], "/".join([*groups[1:], name])
    if group == "study":
        yield from _of_study(hydra, arguments, words, option)
        return
    words = [word for word in words if Override.read(word).key != group]
    plain = re.fullmatch(r"[\w/.-]+", option)
    choice = f"{group}={option if plain else quoted(option)}"
    yield from _of_group(hydra, arguments.config_name, [*words, choice], group)


def _of_group(hydra: HydraEngine, config: str, words: list[str], group: str | None) -> Iterator[Fault]:
    """A run with the file in it, checked; of a network and of what may change one, with all its shapes."""
    loader = hydra.config_loader
    composed = compose(loader, config, [*words, "task=validate"])
    _stand_in(composed)
    run, wrong = check(composed)
    yield from wrong
    if run is None:
        return
    from cnnlab.cli.check import locate

    if group == SHARED:
        yield from (locate(fault, composed) for fault in misread(composed.config.get(SHARED), SHARED))
    if group == "data":
        yield from (locate(fault, composed) for fault in _of_data(run.data))
    if group in (None, "model", "debug"):
        yield from misfits(run, composed)


def _stand_in(composed: Composed) -> None:
    """A folder's classes are its directories, and where it lies is for the command line to say."""
    data = composed.config.get("data")
    if isinstance(data, dict) and data.get("source") == "folder" and data.get("dir") is None:
        data["classes"] = data.get("classes") or CLASSES


def _of_data(data: Source) -> Iterator[Fault]:
    for fault in data.mismatches():
        if fault.path != "data.dir" or data.dir is not None:
            yield fault


def _of_study(hydra: HydraEngine, arguments: Arguments, words: list[str], name: str) -> Iterator[Fault]:
    """Every job of a study, of both its sizes, where it has two."""
    done: object = None
    for size in SIZES:
        study = Arguments(multirun=True, config_name=arguments.config_name)
        study.overrides = [f"study={name}", f"study.size={size}"]
        if words:
            study.overrides += words if arguments.value("study") else _beside(words, hydra, study)
        try:
            request = read_request(hydra, study)
            jobs = (request.grid.fixed, request.grid.factors)  # not one by one: they may be too many
            if jobs != done:
                yield from check_jobs(hydra, arguments.config_name, request)[1]
            done = jobs
        except (Unreadable, UserError) as error:
            yield from error.faults


def _beside(words: list[str], hydra: HydraEngine, study: Arguments) -> list[str]:
    """Overrides for all files, without those of what a study itself sets."""
    try:
        grid = read_request(hydra, study).grid
    except (Unreadable, UserError):  # told as such
        return words
    levels = (word for factor in grid.factors for level in factor.levels for word in level.words)
    own = keys((*grid.fixed, *levels))
    return [word for word in words if not any(dotted.within(Override.read(word).key, key) for key in own)]


def problem(fault: Fault, file: Path, words: Collection[str] = ()) -> Problem:
    """A fault with its place: where that is no file, the one that was checked, unless it is of the typed `words`."""
    origin, typed = fault.origin, fault.path in keys(words) if fault.path else fault.word in words
    if origin is None or (origin == COMMAND_LINE and not typed):
        origin = Origin(shown(file))
    return Problem(origin.file or str(origin), origin.line, origin.column, fault.path, fault.message, fault.lines)
