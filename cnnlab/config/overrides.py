"""Overrides of the command line: read, and refused before Hydra trips over it, each fault in the user's terms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override as HydraOverride
from hydra.errors import HydraException

from cnnlab.config import GROUPS
from cnnlab.config.composed import Composed
from cnnlab.config.engine import Loader
from cnnlab.config.kinds import registries
from cnnlab.config.moved import MOVED, fault_of
from cnnlab.config.recipe import MISSING, NO_VALUE
from cnnlab.config.top import Top
from cnnlab.errors import Fault, FaultKind
from cnnlab.origin import COMMAND_LINE
from cnnlab.override import Override
from cnnlab.settings import names

NAME = r"[\w$-]+([./@][\w$-]+)*"
"""of a setting, of a group, or of a group and where its file goes"""

QUOTED = re.compile(r"""(["'])([^"']*)\1\s*:""")
"""a name inside braces, in quotes"""

BRACKETS = {"{": "}", "[": "]", "(": ")"}


def parse(loader: Loader, overrides: list[str], result: Composed) -> Iterator[HydraOverride]:
    parser = OverridesParser.create()
    for text in overrides:
        word = Override.read(text)
        if word.value is None and not text.startswith("~"):
            choosing = [f"{group}={text}" for group in _groups(loader) if text in group_options(loader, group)]
            hint = f"; did you mean {' or '.join(choosing)}?" if choosing else ", without spaces"
            message = f"{text}: an override is KEY=VALUE{hint}"
            result.refuse(Fault("", message, word=text, origin=COMMAND_LINE))
        elif not re.fullmatch(NAME, word.key):
            message = f"{text}: {word.sign + word.key!r} is no name of a setting; its parts stand between dots"
            result.refuse(Fault("", message, word=text, origin=COMMAND_LINE))
        else:
            try:
                override = parser.parse_override(text)
            except HydraException as error:
                result.refuse(Fault(word.key, unreadable(word.value or "", error)))
                continue
            if override.is_sweep_override():
                message = f"several values ({word.value}) make a sweep; add -m"
                result.refuse(Fault(word.key, message, FaultKind.SEVERAL_VALUES, word.value or ""))
            else:
                yield override


def _groups(loader: Loader) -> list[str]:
    return [group for group in loader.repository.get_group_options("", ObjectType.GROUP) if group != "hydra"]


def unreadable(value: str, error: Exception) -> str:
    """What Hydra's parser has against a value, in the user's terms."""
    for opening, closing in BRACKETS.items():
        if value.count(opening) != value.count(closing):
            more = opening if value.count(opening) > value.count(closing) else closing
            return f"a {more} without its {closing if more == opening else opening} in {value}"
    unquoted = QUOTED.sub(r"\2:", value)
    if unquoted != value and _readable(unquoted):
        return f"{value} cannot be read; names inside braces stand without quotes: {unquoted}"
    if value.startswith("{"):
        return f"{value} cannot be read; inside braces it is {{name: value, …}}"
    reason = str(error).splitlines()[0]
    rejected = re.search(r"input '(.+?)'", reason)
    named = f" at {rejected[1]!r}" if rejected and rejected[1] != "<EOF>" else ""
    quotes = "'" if '"' in value else '"'
    return (
        f"{value} cannot be read{named}; if it is plain text, put it in quotes within quotes: {_nested(value, quotes)}"
    )


def _readable(value: str) -> bool:
    try:
        OverridesParser.create().parse_override(f"x={value}")
    except HydraException:
        return False
    return True


def _nested(value: str, quotes: str) -> str:
    outer = "'" if quotes == '"' else '"'
    return f"{outer}…={quotes}{value}{quotes}{outer}"


def refused(loader: Loader, groups: list[str], override: HydraOverride, result: Composed) -> bool:
    """Note what is wrong with one override before Hydra trips over it: its group's option, its first word."""
    key, before = override.key_or_group, len(result.faults)
    first = key.split(".")[0].split("/")[0]
    known = list(dict.fromkeys([*names(Top), *sorted(groups, key="hydra".__eq__)]))
    if options := group_options(loader, key):
        values = [] if override.is_delete() else override.value()
        if key in GROUPS and override.is_delete():
            result.refuse(Fault(key, f"cannot be left out; choose one of {', '.join(options)}"))
        elif key in GROUPS and isinstance(values, list):
            result.refuse(Fault(key, f"takes one file; -m {key}={','.join(map(str, values))} compares them"))
        else:
            for value in values if isinstance(values, list) else [values]:
                if value not in options:
                    reason = registries()[key].refused.get(str(value)) if key in registries() else None
                    message = f"there is no {key} {_word(value)}"
                    unknown = Fault.unknown(FaultKind.UNKNOWN_CHOICE, key, message, value, options)
                    result.refuse(Fault(key, reason) if reason else unknown)
    elif _has_missing(None if override.is_delete() else override.value()):
        result.refuse(Fault(key, NO_VALUE))
    elif key in MOVED:
        result.refuse(fault_of(key))
    elif first not in known:
        message = "cnnlab has no such setting"
        result.refuse(Fault.unknown(FaultKind.UNKNOWN_SETTING, key, message, first, known))
    return len(result.faults) > before


def _has_missing(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(map(_has_missing, value.values() if isinstance(value, dict) else value))
    return str(value) == MISSING  # QuotedString's text, too


def _word(value: Any) -> str:
    return "null" if value is None else repr(value)


def group_options(loader: Loader | None, group: str) -> list[str]:
    """The files of a config group, those in its folders as `d2l/lenet`; none where it is no group."""
    if loader is None or not group or "." in group or "@" in group:
        return []
    options = list(loader.repository.get_group_options(group, ObjectType.CONFIG))  # the loader's own composes first
    for inner in loader.repository.get_group_options(group, ObjectType.GROUP):
        options += [f"{inner}/{option}" for option in group_options(loader, f"{group}/{inner}")]
    return options
