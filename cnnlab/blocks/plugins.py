"""A user's own kinds of blocks, and own callbacks: the classes of the modules that `plugins=` names.

Importing a module runs it. So nothing is imported but what the user's own command line or config.yaml names; what a
network's file, a checkpoint or somebody's run folder says never comes here.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import re
import sys
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FrameType, ModuleType

from cnnlab.blocks import KINDS
from cnnlab.blocks.base import Block, kind_of
from cnnlab.errors import Fault

CALLBACK = "pytorch_lightning.callbacks.callback.Callback"
LOADED: dict[str, ModuleType] = {}
"""modules that were named, and are imported"""


def load_plugins(names: Iterable[str], taken: Iterable[str] = (), path: str = "plugins") -> list[Fault]:
    """Import modules and add their blocks to the kinds there are; what is wrong with them.

    `taken` are settings that blocks have already, wherever they stand.
    """
    return [Fault(path, said) for name in names if name not in LOADED for said in _load(name, set(taken))]


def _load(name: str, taken: set[str]) -> Iterator[str]:
    if not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", name):
        yield f"{name!r} is no module's name, such as my_blocks (of a file my_blocks.py)"
        return
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        own = error.name is not None and f"{name}.".startswith(f"{error.name}.")
        yield f"there is no module {name!r} here, nor is one installed" if own else f"{name} needs {error.name}"
        return
    except (Exception, SystemExit) as error:
        said = error.msg if isinstance(error, SyntaxError) else error
        yield f"{name} cannot be imported: {type(error).__name__}: {said}{line_in(error, _places(name))}"
        return
    found = {kind_of(cls): cls for cls in vars(module).values() if _is_kind(cls)}
    faults = list(_faults(name, found, taken))
    if not faults:
        KINDS.update(found)
        LOADED[name] = module
    yield from faults


def _is_kind(value: object) -> bool:
    """Whether it is a block of the module's own. One without a build of its own is there to be derived from."""
    if not isinstance(value, type) or not issubclass(value, Block) or value.__module__.startswith("cnnlab."):
        return False
    return value.build is not Block.build


def _is_callback(value: object) -> bool:
    """Whether it is one of Lightning's callbacks of the module's own. Lightning is not imported to find out."""
    if not isinstance(value, type) or value.__module__.startswith("pytorch_lightning."):
        return False
    return any(f"{base.__module__}.{base.__name__}" == CALLBACK for base in value.__mro__)


def own_callback(target: str) -> type | None:
    """The callback `MODULE.NAME` of a module that was named; None where there is none."""
    module, _, name = target.rpartition(".")
    found = getattr(LOADED.get(module), name, None)
    return found if isinstance(found, type) and _is_callback(found) else None


def _faults(name: str, found: dict[str, type[Block]], taken: set[str]) -> Iterator[str]:
    if not found and not any(map(_is_callback, vars(sys.modules[name]).values())):
        yield f"{name} has no class in it that is a cnnlab.blocks.Block with a build(self, shape), or a callback"
    for kind, cls in found.items():
        if kind in KINDS:
            yield f"{name}.{cls.__name__}: there is a kind of block {kind!r} already; give it another `block`"
        for field in taken & cls.model_fields.keys():
            yield f"{name}.{cls.__name__}: every block takes {field}; give this setting another name"


def _places(name: str) -> list[str]:
    """Where a module's code lies: its file, or the folder of a package."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return []
    file = spec.origin if spec else None
    return [] if file is None else [str(Path(file).parent) if file.endswith("__init__.py") else file]


def _lies_in(file: str, places: list[str]) -> bool:
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
    return [place for name in LOADED for place in _places(name)]


def own_line(error: BaseException) -> str:
    """Where in a user's modules an exception came from, as ` (file:line)`; nothing where it is ours."""
    return line_in(error, _own_places())


def own_frames(error: BaseException) -> list[FrameType]:
    """The frames of users' modules that an exception passed through, the innermost first."""
    places = _own_places()
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return [frame for frame in reversed(frames) if _lies_in(frame.f_code.co_filename, places)]


def own_lines(error: BaseException) -> tuple[str, ...]:
    """An exception's way through users' modules, the outermost first: what their author has of a traceback."""
    places = _own_places()
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _lies_in(frame.filename, places)]
    return tuple(f"{frame.filename}:{frame.lineno}, in {frame.name}: {frame.line}" for frame in frames)


def own_fault(error: BaseException) -> Fault | None:
    """An exception that passed through a user's module, as that module's fault; None for one that is ours."""
    if not (line := own_line(error)):
        return None
    said = " ".join(str(error).split())  # torch's own messages have several lines
    return Fault("plugins", f"{type(error).__name__}{': ' if said else ''}{said}{line}")


def sources(names: Iterable[str]) -> dict[str, str]:
    """A hash of each module's code: with other code, a run is another one."""
    return {name: hashlib.sha256(inspect.getsource(LOADED[name]).encode()).hexdigest()[:16] for name in names}
