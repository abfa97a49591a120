"""The door: a configuration's faults, all of them, before any data is read or any optimiser exists."""

from __future__ import annotations

from dataclasses import dataclass

from cnnlab.config.compose import Composed
from cnnlab.config.settings import Run, read_run
from cnnlab.errors import Fault


@dataclass(frozen=True)
class Noted:
    """A fault as it is shown: where it was set, and lines that explain it."""

    fault: Fault
    where: str | None = None
    lines: tuple[str, ...] = ()

    def __str__(self) -> str:
        first = f"{self.where}  {self.fault}" if self.where else str(self.fault)
        return "\n".join([first, *(f"    {line}" for line in self.lines)])


def check(composed: Composed) -> tuple[Run | None, list[Noted]]:
    """The run that was asked for, or everything wrong with it."""
    run, faults = read_run(composed.config) if composed.config else (None, [])
    faults = [*composed.faults, *(f for f in faults if not _follows(f, composed.unresolved))]
    noted = [note(fault, composed) for fault in dict.fromkeys(faults)]
    if run is not None and run.top.task in ("train", "summary"):
        noted += misfits(run, composed)
    return (None if noted else run), noted


def note(fault: Fault, composed: Composed, lines: tuple[str, ...] = ()) -> Noted:
    return Noted(fault, composed.origins.of(fault.path) if fault.path else None, lines)


def _follows(fault: Fault, unresolved: list[str]) -> bool:
    return any(key.startswith(fault.path) for key in unresolved)


def misfits(run: Run, composed: Composed) -> list[Noted]:
    """Walk the network on paper; torch is imported only now."""
    from cnnlab.experiment.facts import image_shape
    from cnnlab.network.mend import explain
    from cnnlab.network.plan import plan

    found = plan(run.network, image_shape(run))
    lines = explain(found, composed.config["model"], run.network.classes) if found.end else []
    return [note(f, composed, tuple(lines) if found.end and f is found.end[0] else ()) for f in found.faults]


def several(overrides: list[str]) -> list[Fault]:
    """Several values for one setting, without the flag that asks for a sweep."""
    from cnnlab.config.engine import swept

    return [Fault("", f"{text}: several values make a sweep; add -m") for text in swept(overrides)]
