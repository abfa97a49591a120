"""What is true of a setting whatever its value: what depends on it, who may set it, which tasks take it.

A setting says so once, by a mark beside its type, and everything that goes by the name of a setting goes by these:
identity, variant, a sweep's folder, arms, equal terms, task=diff, recipes, studies, checks. config/table.py finds the
traits of a dotted path.

    progress: Annotated[Flag, NO_EFFECT] = True
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Literal


@dataclass(frozen=True)
class Traits:
    """Marks a setting. Without a mark it affects the result, names an arm, and may be set by anyone for any task."""

    affects_result: bool = True
    """whether it is part of a run's identity, of its variant, and of what its sweep's folder is named by"""
    names_arm: bool = True
    """whether runs of two sweeps that differ in it are different arms; only if it affects the result"""
    may_differ: bool = False
    """whether runs are on equal terms that differ in it although nobody asked for that; always, without an effect"""
    after_reading: bool = False
    """whether it says what is done with images once they are read: the data set is the same with another value"""
    of_machine: bool = False
    """whether it says what a run runs on: a recipe that sets it makes no arm of it"""
    of_network: bool = False
    """whether it says what the network is, or starts from: the other network of task=diff has its own"""
    of_record: bool = False
    """whether a trained network's record keeps it, and the command line may put another value in its place"""
    set_in: Literal["studies", "files", "command line"] = "studies"
    """who may set it: studies too, files of groups too, or the command line and the project's own config.yaml alone"""
    tasks: tuple[str, ...] = ()
    """the tasks that take it; all, where none is named"""
    instead: str = ""
    """what those may have meant who set it for task=train, as the end of a sentence"""
    for_training: bool = False
    """whether only training reads it: tasks on trained networks refuse it on the command line, recipes may have it"""
    rounds: str = ""
    """the setting beside it whose results it rounds, without which it does nothing"""

    def within(self, outer: Traits) -> Traits:
        """The traits of a setting with this mark inside of one with `outer`: what the mark does not say is as there."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        usual = {field.name: field.default for field in fields(self)}
        return replace(outer, **{name: value for name, value in own.items() if value != usual[name]})


ORDINARY = Traits()
NO_EFFECT = Traits(affects_result=False)
"""of names, of what is shown, of how a sweep is run: the same experiment with it and without"""
AFTER_READING = Traits(after_reading=True)
"""of the settings of a data set that do not choose its images"""
COMMAND = Traits(affects_result=False, set_in="command line")
"""of what is to be done, and with what"""


def for_tasks(*tasks: str, instead: str = "") -> Traits:
    """The mark of what some tasks take from the command line."""
    return replace(COMMAND, tasks=tasks, instead=instead)
