"""Whose code raised an exception: the modules that `plugins=` names, and where in their files it passed through."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import traceback
from collections.abc import Iterable
from pathlib import Path
from types import FrameType, ModuleType

from cnnlab.errors import Fault

LOADED: dict[str, ModuleType] = {}
"""modules that were named, and are imported"""


def places(name: str) -> list[str]:
    """Where a module's code lies: its file, or the folder of a package."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return []
    file = spec.origin if spec else None
    return [] if file is None else [str(Path(file).parent) if file.endswith("__init__.py") else file]


def _lies_in(file: str, places: Iterable[str]) -> bool:
    return any(file == place or file.startswith(f"{place}/") for place in places)


def line_in(error: BaseException, places: list[str]) -> str:
    """Where in `places` an exception came from, as ` (file:line)`; nothing where it is not theirs."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if _lies_in(frame.filename, places):
            return f" ({Path(frame.filename).name}:{frame.lineno})"
    if isinstance(error, SyntaxError) and error.filename in places:
        return f" ({Path(error.filename).name}:{error.lineno})"
    return ""


def _own_places() -> list[str]:
    return [place for name in LOADED for place in places(name)]


def own_line(error: BaseException) -> str:
    """Where in a user's modules an exception came from, as ` (file:line)`; nothing where it is ours."""
    return line_in(error, _own_places())


def own_frames(error: BaseException) -> list[FrameType]:
    """The frames of users' modules that an exception passed through, the innermost first."""
    own = _own_places()
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return [frame for frame in reversed(frames) if _lies_in(frame.f_code.co_filename, own)]


def own_lines(error: BaseException) -> tuple[str, ...]:
    """An exception's way through users' modules, the outermost first: what their author has of a traceback."""
    own = _own_places()
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _lies_in(frame.filename, own)]
    return tuple(f"{frame.filename}:{frame.lineno}, in {frame.name}: {frame.line}" for frame in frames)


def own_fault(error: BaseException) -> Fault | None:
    """An exception that passed through a user's module, as that module's fault; None for one that is ours."""
    if not (line := own_line(error)):
        return None
    message = " ".join(str(error).split())  # torch's own messages have several lines
    return Fault("plugins", f"{type(error).__name__}{': ' if message else ''}{message}{line}")


def written_at(cls: type, member: str = "") -> str:
    """Where a class, or the member of that name, is written, as ` (file:line)`; nothing where its source is gone."""
    try:
        file = inspect.getsourcefile(cls)
        tree = ast.parse(Path(file or "").read_text(encoding="utf-8"))
    except (OSError, TypeError, ValueError, SyntaxError):
        return ""
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == cls.__name__]
    if not classes:
        return ""
    members = (node for node in classes[-1].body if member in _names(node))
    return f" ({Path(file or '').name}:{next(members, classes[-1]).lineno})"


def _names(node: ast.stmt) -> list[str]:
    """The names that a statement in the body of a class gives a value to."""
    match node:
        case ast.FunctionDef(name=name):
            return [name]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
    return []
