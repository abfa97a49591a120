"""From the words of a command line, and the study it names, to the grid of a sweep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from cnnlab import dotted
from cnnlab.cli.arguments import Arguments
from cnnlab.config.compose import compose
from cnnlab.config.composed import Composed
from cnnlab.errors import Fault, FaultKind, UserError
from cnnlab.origin import COMMAND_LINE, Origin
from cnnlab.override import Override, keys
from cnnlab.sweep.each import ModelComposer, each
from cnnlab.sweep.grid import SEED, Factor, Grid, TypedOverrides, read_words, wrong_names, wrong_size
from cnnlab.sweep.looks import read_seed_words
from cnnlab.sweep.study import SIZES, grid
from cnnlab.sweep.study_file import StudyFile, StudyOrigins, find, read_study

if TYPE_CHECKING:
    from cnnlab.config.engine import HydraEngine, Loader
    from cnnlab.sweep.plan import CheckedCell

STUDYS = ("study", "study.size")
"""settings that no job has"""


@dataclass(frozen=True)
class SweepRequest:
    """A sweep that a command line asks for, as far as it can be made: its grid, and what its jobs have in common."""

    grid: Grid
    base: Composed
    study: StudyFile | None = None
    """the study's file"""
    typed: frozenset[str] = frozenset()
    """settings that the command line itself names"""
    faults: tuple[Fault, ...] = ()
    """of the grid; the jobs' own are still to be found, and the claims'"""
    too_large: bool = False
    lost: frozenset[str] = frozenset()
    """factors that cannot be made: what their values would be is not known"""

    @property
    def origins(self) -> StudyOrigins | None:
        return self.study.origins if self.study else None

    def origin(self, key: str) -> Origin:
        """Where a job's `key` is set that no file of a group sets."""
        return (self.origins and key not in self.typed and self.origins.setting(key)) or COMMAND_LINE

    @property
    def located(self) -> list[Fault]:
        """What is wrong with the grid, and with the study's file."""
        located = [replace(fault, origin=fault.origin or self.origin(fault.path)) for fault in self.faults]
        for fault in self.study.faults if self.study else ():
            origin = self.origins.of(fault.path) if self.origins and fault.path else fault.origin
            located.append(replace(fault, origin=origin))
        return located


def read_request(hydra: HydraEngine, arguments: Arguments) -> SweepRequest:
    """Read the command line's sweep. UserError, or Unreadable, where there is no such study to be read."""
    loader, config = hydra.config_loader, arguments.config_name
    seeded = read_seed_words([word for word in arguments.overrides if Override.read(word).key not in STUDYS])
    words = seeded.words
    typed = frozenset(keys(words))
    overrides, name = read_words(loader, words), arguments.value("study")
    model = _model(loader, config, overrides.swept)
    swept, lost = _each(overrides, model)
    if name is None:
        study, base = None, compose(loader, config, list(overrides.fixed))
        params = read_words(loader, [f"{key}={value}" for key, value in base.swept.items() if key not in typed])
        sweep_grid, faults = Grid((*params.fixed, *overrides.fixed), (*params.swept, *swept)), params.faults
    else:
        # A study may name kinds of plugins; only the command line and the user's own config.yaml name the modules
        compose(loader, config, [word for word in overrides.fixed if Override.read(word).key == "plugins"])
        study, size = _study(hydra, name, arguments)
        sweep_grid, more = grid(name, study.study, size, overrides.fixed, swept, model)
        base, faults = compose(loader, config, list(sweep_grid.fixed)), ()
        lost |= {**more, **dict.fromkeys(study.partly - typed, ())}
    lost |= {fault.path: (fault,) for fault in (*overrides.faults, *faults)}
    large = wrong_size(sweep_grid.factors)
    if study:
        large = [replace(fault, origin=study.origins.of("factors")) for fault in large]
    sweep_grid = replace(sweep_grid, looks=seeded.looks)
    faults = (*chain(*lost.values()), *wrong_names(sweep_grid.factors), *large)
    return SweepRequest(sweep_grid, base, study, typed, faults, bool(large), frozenset(lost))


def _study(hydra: HydraEngine, name: str, arguments: Arguments) -> tuple[StudyFile, str]:
    size = arguments.value("study.size") or SIZES[0]
    faults = []
    if size not in SIZES:
        faults.append(Fault("study.size", f"should be one of {', '.join(SIZES)}, not {size!r}"))
    try:
        file = find(name, hydra.folders)
    except UserError as error:
        raise UserError(*error.faults, *faults) from None
    if faults:
        raise UserError(*faults)
    return read_study(file, size), size


def _model(loader: Loader, config: str, swept: Iterable[Factor]) -> ModelComposer:
    """Composes the network whose blocks `each(…)` goes through."""
    several = any(factor.name == "model" for factor in swept)

    def model(fixed: Sequence[str]) -> Mapping[str, Any]:
        if several:
            raise UserError(Fault("model", "each(…) takes one network; choose it: model=NAME"))
        composed = compose(loader, config, list(fixed))
        network = composed.config.get("model")
        if "model" in {key.split(".")[0] for key in composed.broken} or not isinstance(network, dict):
            raise UserError  # without a fault: the jobs have it, too
        return network

    return model


def _each(overrides: TypedOverrides, model: ModelComposer) -> tuple[list[Factor], dict[str, tuple[Fault, ...]]]:
    """The factors of a command line, those that are made of a network's blocks too; and those that cannot be made."""
    swept, lost = list(overrides.swept), {}
    for name, value in overrides.each:
        try:
            swept.append(each(name, value, model(overrides.fixed)))
        except UserError as error:
            lost[name] = error.faults
    return swept, lost


def check_claims(request: SweepRequest, checked: Sequence[CheckedCell], known: Sequence[Fault] = ()) -> list[Fault]:
    """What is wrong with a study's claims: arms, metrics or blocks that are not there, as far as jobs tell.

    What follows from other faults, of the file or of the jobs (`known`), is left out.
    """
    from cnnlab.comparison.check import claim_faults, not_varied, show_faults
    from cnnlab.metrics import METRICS, described

    study, settings = request.study, request.grid.study
    if study is None or settings is None:
        return []
    factors = _factors(request)
    metrics = list(METRICS) if "metrics" in study.unknown else settings["metrics"]
    target = 1.0 if "target" in study.unknown else settings["target"]
    runs = [cell.run for cell in checked]
    about: Any = {
        "target": target,
        "arms": _arms(checked) if study.whole and _names_blocks(settings) else (),
        "known": {key: info for run in runs for key, info in described(run.top.metrics).items()},
        "logs": any(run.callbacks for run in runs),
    }
    wrong = claim_faults(settings["claims"], factors, metrics, margin=settings["margin"], **about)
    wrong += show_faults(settings["show"], metrics, **about)
    for number, name in enumerate(settings["tuned"]):
        if name not in factors:
            wrong.append(not_varied(f"tuned[{number}]", name, factors))
    if "factors" in study.unknown:
        wrong = [fault for fault in wrong if fault.kind is not FaultKind.NOT_VARIED]
    wrong = [fault for fault in wrong if not any(_echoes(fault, other) for other in known)]
    return [replace(fault, origin=study.origins.of(fault.path)) for fault in wrong]


def _echoes(fault: Fault, other: Fault) -> bool:
    """Whether a claim names what the sweep would vary, were it not misspelt there, which the `other` fault says."""
    misspelt = fault.suggestion
    if misspelt is None:
        return False
    if fault.kind is FaultKind.NOT_VARIED and other.kind in (FaultKind.UNKNOWN_SETTING, FaultKind.UNKNOWN_BLOCK):
        return dotted.within(misspelt, other.path)
    return fault.kind is FaultKind.UNKNOWN_LEVEL and (other.path, other.word) == (fault.factor, misspelt)


def _factors(request: SweepRequest) -> dict[str, list[str]]:
    """The factors with their values, of which those have none that are not known."""
    keys = {factor.name: [level.label for level in factor.levels] for factor in request.grid.factors}
    return keys | {name: [] for name in request.lost}


def _names_blocks(study: Mapping[str, Any]) -> bool:
    return "layer/" in str((study["claims"], study["show"]))


def _arms(checked: Sequence[CheckedCell]) -> list[tuple[dict[str, str], dict[str, Any]]]:
    """Labels and network of each arm, of which seeds make no other."""
    from cnnlab.experiment.facts import image_shape
    from cnnlab.network.graph import graph

    jobs = {tuple(item for item in cell.labels.items() if item[0] != SEED): cell.run for cell in checked}
    return [(dict(labels), graph(run.network, image_shape(run)).record()) for labels, run in jobs.items()]
