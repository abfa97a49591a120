"""Files of the user's own, made from shipped ones: where they go, the schema they name. Nothing is overwritten."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from cnnlab.config.own_folder import NAME, own_folder
from cnnlab.errors import Fault, UserError, near
from cnnlab.origin import COMMAND_LINE
from cnnlab.program import installed, shipped_conf
from cnnlab.schema.files import FOLDER, MODELINE, schema_for

OPTION = re.compile(r"\w[\w.-]*(/\w[\w.-]*)*")
"""the name of a file in a group, perhaps in a folder of it"""


def folder_for_own(named: str | None) -> Path:
    """The folder of the user's configuration: `named`, else `conf` here. UserError where that is another program's."""
    if named:
        return Path(named).expanduser()
    own = own_folder()
    if own and not own.is_ours:
        raise UserError(Fault("dir", f"{own.note}; or write dir=FOLDER and start with --config-dir FOLDER"))
    return Path(NAME)


def check_option(name: str, example: str) -> None:
    """UserError where `name` cannot be that of a file in a group."""
    if not OPTION.fullmatch(name):
        raise UserError(Fault("name", f"{name!r} cannot name a file; write such as {example}", origin=COMMAND_LINE))


def options(folders: Sequence[Path], group: str) -> list[str]:
    """The names of a group's files, in all the folders of configuration."""
    found = {
        str(file.relative_to(folder / group).with_suffix(""))
        for folder in folders
        for file in (folder / group).rglob("*.yaml")
    }
    return sorted(found)


def find_option(folders: Sequence[Path], group: str, option: str, setting: str) -> Path:
    """The file of an option, in the first folder that has it. UserError at `setting` where none has."""
    for folder in folders:
        if option in options([folder], group):
            return folder / group / f"{option}.yaml"
    message = f"there is no {group} {option!r}{near(option, options(folders, group))}"
    raise UserError(Fault(setting, message, origin=COMMAND_LINE))


def write_new(file: Path, text: str, setting: str) -> None:
    """Write a file that is not there yet. UserError at `setting` where it is, or cannot be written."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise UserError(Fault(setting, f"{file} is there already; it stays as it is", origin=COMMAND_LINE)) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UserError(Fault(setting, f"{file} cannot be written: {reason}", origin=COMMAND_LINE)) from None


def modeline(file: Path, conf: Path) -> str:
    """The first line by which editors check a file below `conf`: its own folder's schema, else the shipped one."""
    is_shipped = conf.resolve() == shipped_conf().resolve()
    if is_shipped or (conf / FOLDER).is_dir():
        schema = schema_for(file, conf)
    else:
        name = Path(schema_for(file, conf)).name
        path = (shipped_conf() / FOLDER / name).resolve()
        schema = str(path) if installed() else os.path.relpath(path, file.parent.resolve())
    return f"# yaml-language-server: $schema={schema}\n"


def with_modeline(text: str, line: str) -> str:
    """A file's text with `line` in the place of the one that names its schema."""
    return line + MODELINE.sub("", text, count=1).lstrip("\n")
