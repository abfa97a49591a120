"""Imports point down."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "cnnlab"
LAYERS = (
    "errors",
    "door",
    "settings",
    "markup",
    "drawing",
    "blocks",
    "data",
    "tracking",
    "compare",
    "network",
    "weights",
    "training",
    "config",
    "lint",
    "explain",
    "experiment",
    "sweep",
    "schema",
    "inspection",
    "cli",
)
"""from the bottom up; a module may import its own layer and those below"""
APART = {
    "data": {"blocks", "network"},
    "tracking": {"blocks", "data", "network"},
    "compare": {"blocks", "data"},
    "network": {"data", "tracking", "compare"},
    "training": {"compare"},
    "config": {"compare"},
    "lint": {"data", "tracking", "compare", "weights", "training", "config"},
    "explain": {"data", "tracking", "compare", "weights", "training", "lint"},
    "experiment": {"compare", "explain"},
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
    assert packages - {"__init__", "benchmarks"} == set(LAYERS)
