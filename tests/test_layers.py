"""Imports point down, between layers and between files."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "cnnlab"
LAYERS = (
    "program",
    "origin",
    "errors",
    "extension",
    "traits",
    "text",
    "dotted",
    "override",
    "untrusted",
    "settings",
    "yaml_form",
    "blame",
    "registry",
    "plugins",
    "pages",
    "drawing",
    "blocks",
    "data",
    "metrics",
    "tracking",
    "network",
    "weights",
    "training",
    "config",
    "comparison",
    "lint",
    "explain",
    "experiment",
    "sweep",
    "schema",
    "inspection",
    "exporting",
    "cli",
    "library",
)
"""from the bottom up; a module may import its own layer and those below"""
APART = {
    "data": {"blocks", "network"},
    "metrics": {"blocks"},
    "tracking": {"blocks", "data", "metrics", "network"},
    "network": {"data", "metrics", "tracking"},
    "comparison": {"blocks", "data", "network", "weights", "training"},
    "lint": {"data", "tracking", "comparison", "weights", "training", "config"},
    "explain": {"data", "tracking", "comparison", "weights", "training", "lint"},
    "experiment": {"comparison", "explain"},
}
"""layers that do not know each other although one stands higher: they meet in `experiment`"""


def imported(file: Path) -> set[str]:
    """The layers that a module names in its imports, wherever they stand."""
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    names = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    names |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return {name.split(".")[1] for name in names if name.startswith("cnnlab.")}


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_point_down(layer: str) -> None:
    below = set(LAYERS[: LAYERS.index(layer) + 1]) - APART.get(layer, set())
    files = [PACKAGE / f"{layer}.py"] if (PACKAGE / f"{layer}.py").exists() else list((PACKAGE / layer).rglob("*.py"))
    assert files
    for file in files:
        assert imported(file) <= below, f"{file.relative_to(PACKAGE)} imports {imported(file) - below}"


def test_every_package_has_its_layer() -> None:
    packages = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert packages - {"__init__", "__main__"} == set(LAYERS)


def test_the_page_on_the_architecture_names_every_layer() -> None:
    page = (PACKAGE.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert [layer for layer in LAYERS if f"`{layer}`" not in page] == []


# -- files


@cache
def modules() -> Mapping[str, Path]:
    files = {file.relative_to(PACKAGE.parent).with_suffix("").parts: file for file in PACKAGE.rglob("*.py")}
    return {".".join(parts[:-1] if parts[-1] == "__init__" else parts): file for parts, file in files.items()}


def imports(node: ast.AST) -> Iterator[str]:
    """The names of modules in every import below `node`, those inside functions too; not those for type checkers."""
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return
    if isinstance(node, ast.ImportFrom):
        assert not node.level, "imports are absolute"
        # `from cnnlab.comparison import page` imports a file where there is one of that name, else what a file defines
        joined = (f"{node.module}.{alias.name}" for alias in node.names)
        yield from (name if name in modules() else node.module or "" for name in joined)
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    for child in ast.iter_child_nodes(node):
        yield from imports(child)


@cache
def imports_by_module() -> Mapping[str, set[str]]:
    trees = {name: ast.parse(file.read_text(encoding="utf-8")) for name, file in modules().items()}
    return {name: set(imports(tree)) & set(modules()) - {name} for name, tree in trees.items()}


def test_no_files_import_each_other() -> None:
    try:
        TopologicalSorter(imports_by_module()).prepare()
    except CycleError as error:
        pytest.fail(f"these import each other: {' <- '.join(error.args[1])}")


def test_a_class_name_stands_for_one_class() -> None:
    defined = Counter(
        node.name
        for file in modules().values()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in defined.items() if count > 1] == []
