"""What users add in Python: the classes of the modules that `plugins=` names.

Importing a module runs it. So nothing is imported but what the user's own command line or config.yaml names; what a
network's file, a checkpoint or somebody's run folder says never comes here.

A class belongs to the registry that its base class names; tasks and Lightning's callbacks are found by their own bases.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from cnnlab.blame import LOADED, line_in, places, written_at
from cnnlab.errors import Fault
from cnnlab.extension import Extension
from cnnlab.registry import SHIPPED, Registered, flaws, is_whole, kind_of

CALLBACK = "pytorch_lightning.callbacks.callback.Callback"

MAIN = "__main__"
"""the module of what is typed into a notebook, or of the script that is run"""


def load_plugins(
    names: Iterable[str], reserved: Mapping[str, Sequence[str]] | None = None, path: str = "plugins"
) -> list[Fault]:
    """Import modules and add their classes to the kinds there are; what is wrong with them.

    `reserved` are settings that all records of a group have already, such as a block's place.
    """
    return [Fault(path, message) for name in names if name not in LOADED for message in _load(name, reserved or {})]


def _load(name: str, reserved: Mapping[str, Sequence[str]]) -> Iterator[str]:
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
        reason = error.msg if isinstance(error, SyntaxError) else error
        yield f"{name} cannot be imported: {type(error).__name__}: {reason}{line_in(error, places(name))}"
        return
    classes = own_kinds(vars(module).values())
    faults = [f"{name}.{flaw}" for cls in classes for flaw in flaws(cls, reserved)]
    faults += [f"{name}.{flaw}" for flaw in _doubles(classes)]
    extensions = _extensions(vars(module).values())
    faults += [f"{name}.{flaw}" for cls in extensions for flaw in cls.flaws()]
    if not classes and not extensions and not any(map(_is_callback, vars(module).values())):
        faults.append(f"{name} has no class in it that derives from one of cnnlab's, such as Block, or is a callback")
    if not faults:
        for cls in classes:
            cls.registry.brought[kind_of(cls)] = cls
        for cls in extensions:
            cls.bring()
        LOADED[name] = module
    yield from faults


def own_kinds(values: Iterable[object]) -> list[type[Registered]]:
    """A module's own kinds that are new. One without the methods of a kind is there for others to derive from."""
    registered = [value for value in values if isinstance(value, type) and issubclass(value, Registered)]
    own = [cls for cls in dict.fromkeys(registered) if not cls.__module__.startswith(SHIPPED)]
    return [
        cls for cls in own
        if cls not in cls.registry.brought.values()
        and (is_whole(cls) or not any(issubclass(other, cls) for other in own if other is not cls))
    ]  # fmt: skip


def _extensions(values: Iterable[object]) -> list[type[Extension]]:
    """A module's own classes that are no records; an abstract one is there for others to derive from."""
    extensions = [value for value in values if isinstance(value, type) and issubclass(value, Extension)]
    own = [cls for cls in dict.fromkeys(extensions) if not cls.__module__.startswith(SHIPPED)]
    return [cls for cls in own if not any(issubclass(other, cls) for other in own if other is not cls)]


def _doubles(classes: Iterable[type[Registered]]) -> Iterator[str]:
    """Two classes of one module that would have one name."""
    first_of: dict[tuple[str, str], type[Registered]] = {}
    for cls in classes:
        first = first_of.setdefault((cls.registry.group, kind_of(cls)), cls)
        if first is not cls:
            problem = f"is called {kind_of(cls)!r} as {first.__name__} is; give it another `{cls.registry.key}`"
            yield f"{cls.__name__} {problem}{written_at(cls)}"


def _is_callback(value: object) -> bool:
    """Whether it is one of Lightning's callbacks of the module's own. Lightning is not imported to find out."""
    if not isinstance(value, type) or value.__module__.startswith("pytorch_lightning."):
        return False
    return any(f"{base.__module__}.{base.__name__}" == CALLBACK for base in value.__mro__)


def own_callback(target: str) -> type | None:
    """The callback `MODULE.NAME` of a module that was named; None where there is none."""
    module, _, name = target.rpartition(".")
    cls = getattr(LOADED.get(module), name, None)
    return cls if isinstance(cls, type) and _is_callback(cls) else None


def forget_main() -> None:
    """Take out the kinds of MAIN: who works in a notebook defines them again and again."""
    if module := LOADED.pop(MAIN, None):
        for cls in (value for value in _kinds_brought() if value.__module__ == module.__name__):
            del cls.registry.brought[kind_of(cls)]


def _kinds_brought() -> list[type[Registered]]:
    bases = Registered.__subclasses__()
    return [cls for base in bases if "registry" in vars(base) for cls in base.registry.brought.values()]


def sources(names: Iterable[str]) -> dict[str, str]:
    """A hash of each module's code: with other code, a run is another one. A notebook's is that of its kinds."""
    return {name: hashlib.sha256(_code(name).encode()).hexdigest()[:16] for name in names}


def _code(name: str) -> str:
    if name != MAIN:
        return inspect.getsource(LOADED[name])
    kinds = [cls for cls in _kinds_brought() if cls.__module__ == MAIN]
    return "\n".join(inspect.getsource(cls) for cls in sorted(kinds, key=kind_of))
