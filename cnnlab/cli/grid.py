"""From the words of a command line, and the study it names, to the grid of a sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnlab.cli.arguments import COMMAND_LINE, Arguments
from cnnlab.cli.check import Noted
from cnnlab.config.compose import compose
from cnnlab.config.composed import Composed
from cnnlab.errors import Fault, UserError, near
from cnnlab.sweep.each import each
from cnnlab.sweep.grid import SEED, Grid, check_names, check_size, read_words
from cnnlab.sweep.study import SIZES, Places, find, grid, read_study

if TYPE_CHECKING:
    from cnnlab.config.engine import Engine
    from cnnlab.sweep.plan import Checked

STUDYS = ("study", "study.size")
"""settings that no job has"""


@dataclass(frozen=True)
class Asked:
    """A sweep's grid, and what its jobs have in common, composed."""

    grid: Grid
    base: Composed
    places: Places | None
    """of the study's file"""
    typed: frozenset[str] = frozenset()
    """settings that the command line itself names"""

    def where(self, key: str) -> str:
        """Who sets a job's `key` that no file of a group does."""
        return (self.places and key not in self.typed and self.places.setting(key)) or COMMAND_LINE


def ask(hydra: Engine, arguments: Arguments) -> Asked:
    """Read the command line's sweep. UserError, or StudyError for what is wrong in the study's file."""
    loader = hydra.config_loader
    words = [word for word in arguments.overrides if word.partition("=")[0].lstrip("+") not in STUDYS]
    asked = read_words(loader, words)

    def model(fixed: Sequence[str]) -> Mapping[str, Any]:
        if any(factor.name == "model" for factor in asked.swept):
            raise UserError(*(Fault(name, "takes one network; choose it: model=NAME") for name, _ in asked.each))
        found = compose(loader, arguments.config_name, list(fixed)).config.get("model")
        return found if isinstance(found, dict) else {}

    name = arguments.value("study")
    if name is None:
        base = compose(loader, arguments.config_name, list(asked.fixed))
        given = {factor.name for factor in asked.swept} | {word.partition("=")[0] for word in words}
        params = read_words(loader, [f"{key}={value}" for key, value in base.swept.items() if key not in given])
        swept = (*params.swept, *asked.swept, *(each(*one, model(asked.fixed)) for one in asked.each))
        check_names(swept)
        check_size(swept)
        return Asked(Grid((*params.fixed, *asked.fixed), swept), base, None)
    folders = [Path(source.path) for source in loader.get_sources() if source.scheme() == "file"]
    study, places = read_study(find(name, folders))
    size = _size(arguments)
    more = [each(*one, model(asked.fixed)) for one in asked.each]
    found = grid(name, study, size, asked.fixed, (*asked.swept, *more), model)
    check_names(found.factors)
    check_size(found.factors)
    typed = frozenset(word.partition("=")[0].lstrip("+~") for word in words)
    return Asked(found, compose(loader, arguments.config_name, list(found.fixed)), places, typed)


def _size(arguments: Arguments) -> str:
    size = arguments.value("study.size") or SIZES[0]
    if size not in SIZES:
        raise UserError(Fault("study.size", f"should be one of {', '.join(SIZES)}, not {size!r}"))
    return size


def check_claims(asked: Asked, checked: Sequence[Checked]) -> list[Noted]:
    """What is wrong with a study's claims: arms, metrics or blocks that are not there, as far as jobs tell."""
    from cnnlab.compare.claims import faults, faults_to_show

    study, places = asked.grid.study, asked.places
    if study is None or places is None:
        return []
    keys = {factor.name: [level.label for level in factor.levels] for factor in asked.grid.factors}
    said: Any = {"target": study["target"], "arms": _arms(checked) if _names_blocks(study) else ()}
    found = faults(study["claims"], keys, study["metrics"], margin=study["margin"], **said)
    found += faults_to_show(study["show"], study["metrics"], **said)
    for number, name in enumerate(study["tuned"]):
        if name not in keys:
            found.append(Fault(f"tuned[{number}]", f"{name!r} is not varied here{near(name, keys)}"))
    return [Noted(fault, places.of(fault.path)) for fault in found]


def _names_blocks(study: Mapping[str, Any]) -> bool:
    return "layer/" in str((study["claims"], study["show"]))


def _arms(checked: Sequence[Checked]) -> list[tuple[dict[str, str], dict[str, Any]]]:
    """Labels and network of each arm, of which seeds make no other."""
    from cnnlab.experiment.facts import image_shape
    from cnnlab.network.plan import plan

    jobs = {tuple(item for item in one.labels.items() if item[0] != SEED): one.run for one in checked}
    return [(dict(labels), plan(run.network, image_shape(run)).record()) for labels, run in jobs.items()]
