"""The classes of torch.optim as optimizers of the configuration, by their names in small letters.

Their settings are read from torch's source, so that neither naming one nor checking its settings imports torch.
"""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Optional

from pydantic import Field, create_model

from cnnlab.settings import Flag, NonNegative, Positive, Real
from cnnlab.training.optimizer import REFUSED, Optimizer

if TYPE_CHECKING:
    import torch

IMPLEMENTATION = ("foreach", "fused", "capturable", "differentiable", "maximize")
"""arguments that choose how a step is computed, or turn it around: torch's own defaults stay"""


class TorchOptimizer(Optimizer):
    """An optimizer of torch.optim, its arguments as settings."""

    class_name: ClassVar[str]
    """in torch.optim"""

    def build(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        import torch

        shared = {"kind", *Optimizer.model_fields.keys() - {"lr"}}
        return getattr(torch.optim, self.class_name)(groups, **self.model_dump(exclude=shared))


class TorchOptimizers(Mapping[str, type[Optimizer]]):
    """Records of the classes of torch.optim, made when they are asked for."""

    def __iter__(self) -> Iterator[str]:
        return iter(_files())

    def __len__(self) -> int:
        return len(_files())

    def __getitem__(self, kind: str) -> type[Optimizer]:
        return _record(*_files()[kind])


@cache
def _files() -> dict[str, tuple[str, Path]]:
    """The optimizers that torch.optim exports: kind -> class and file."""
    spec = importlib.util.find_spec("torch")  # finds the package, and does not import it
    folders = spec.submodule_search_locations if spec else None
    folder = Path(folders[0], "optim") if folders else Path()
    try:
        exports = ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return {}
    files = {
        alias.name.lower(): (alias.name, folder / f"{node.module.rpartition('.')[2]}.py")
        for node in exports.body
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("torch.optim.")
        for alias in node.names
        if alias.name[:1].isupper() and alias.name != "Optimizer"
    }  # fmt: skip
    return {kind: files[kind] for kind in sorted(files.keys() - REFUSED.keys())}


@cache
def _record(name: str, file: Path) -> type[Optimizer]:
    """The record of one class, made from the signature of its `__init__` and from its documentation."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    (cls,) = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name]
    (start,) = [node for node in cls.body if isinstance(node, ast.FunctionDef) and node.name == "__init__"]
    documented = _documented(tree)
    fields: dict[str, Any] = {"kind": (Literal[name.lower()], name.lower())}  # type: ignore[valid-type]
    for argument, default, annotation in _arguments(start.args, _constants(tree)):
        about = OURS.get(argument) or documented.get(argument, f"as torch.optim.{name} has it")
        kind, value = _setting(argument, default, annotation)
        fields[argument] = (kind, Field(value, description=about))
    made: Any = create_model(name, __base__=TorchOptimizer, __module__=__name__, __doc__=_about(name), **fields)
    made.class_name = name
    return made


NOTES = {"Rprop": " Each weight has a step size of its own, which lr only starts: a scheduler changes nothing."}
OURS = {"lr": Optimizer.model_fields["lr"].description}
"""what is said of an argument in the place of torch's own words"""


def _about(name: str) -> str:
    page = f"docs.pytorch.org/docs/stable/generated/torch.optim.{name}.html"
    return f"{name} as torch.optim has it: {page}.{NOTES.get(name, '')}"


def _arguments(arguments: ast.arguments, constants: Mapping[str, ast.expr]) -> Iterator[tuple[str, Any, str]]:
    """Name, default and annotation of those that have a default, but of none that chooses an implementation."""
    named = arguments.args[len(arguments.args) - len(arguments.defaults) :]
    defaults = [*arguments.defaults, *arguments.kw_defaults]
    for argument, default in zip([*named, *arguments.kwonlyargs], defaults, strict=True):
        if default is not None and argument.arg not in IMPLEMENTATION:
            annotation = ast.unparse(argument.annotation) if argument.annotation else ""
            yield argument.arg, ast.literal_eval(_Replaced(constants).visit(default)), annotation


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    """What a file gives a name to at its top: defaults may be written so."""
    assigned = [node for node in tree.body if isinstance(node, ast.Assign)]
    return {target.id: node.value for node in assigned for target in node.targets if isinstance(target, ast.Name)}


class _Replaced(ast.NodeTransformer):
    """Puts a file's constants in the place of their names."""

    def __init__(self, constants: Mapping[str, ast.expr]):
        self.constants = constants

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.constants.get(node.id, node)


def _setting(name: str, default: Any, annotation: str) -> tuple[Any, Any]:
    """What a setting may be, from its default and the annotation, and that default as a value of this type."""
    match default:
        case bool():
            return Flag, default
        case int() if annotation.startswith("int"):
            return int, default
        case int() | float():
            ranges = {"lr": Positive, "weight_decay": NonNegative}
            return ranges.get(name, Real), float(default)
        case tuple():
            parts = tuple(Optional[Real] if part is None else Real for part in default)  # noqa: UP045
            return tuple[parts], tuple(None if part is None else float(part) for part in default)  # type: ignore[valid-type]
        case str():
            return str, default
    return Optional[str if "str" in annotation else Real], default  # noqa: UP045


def _documented(tree: ast.Module) -> dict[str, str]:
    """What torch says of each argument: its documentation has lines such as `alpha (float, optional): …`."""
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    entry = re.compile(r"^ +(\w+) \([^\n]*?optional\): *(.+?)(?=\n *\n|\n +\w+ \(|\Z)", re.MULTILINE | re.DOTALL)
    return {name: _plain(text) for part in texts for name, text in entry.findall(part)}


def _plain(text: str) -> str:
    """Without the default, which the setting has, and without markup."""
    flowing = " ".join(re.split(r"\(default", text)[0].split())
    return re.sub(r"[`:]{1,2}(math:)?", "", flowing).strip().rstrip(".,;")


def __getattr__(name: str) -> type[Optimizer]:
    """The record of a class by its name, where pickle looks for it."""
    for known, file in _files().values():
        if known == name:
            return _record(known, file)
    raise AttributeError(name)
