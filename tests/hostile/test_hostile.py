"""Every hostile recipe and file ends in a message and exit code 2, small, with nothing run and nothing written.

Both are in one file, since the process that watches them takes seconds to start.
"""

from __future__ import annotations

import re

import pytest
from hostile.files import CASES
from hostile.recipes import RECIPES, Recipe
from hostile.suite import Suite

FILES = [pytest.param(name, marks=[pytest.mark.slow] * (at % 4 > 0)) for at, name in enumerate([*CASES][::5])]
"""for which there is time here; `.ci/run` has measure.py try all"""
SOME = [pytest.param(one, id=one.name, marks=[pytest.mark.slow] * (at % 4 > 0)) for at, one in enumerate(RECIPES[::5])]


@pytest.mark.parametrize("recipe", SOME)
def test_a_hostile_recipe_is_told_what_is_wrong_and_does_nothing(suite: Suite, recipe: Recipe) -> None:
    _, wrong = suite.recipe(recipe)
    assert wrong == []


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_is_told_of_and_does_nothing(with_run: Suite, name: str) -> None:
    _, wrong = with_run.file(name)
    assert wrong == []


def test_there_are_enough_of_them() -> None:
    assert len({one.name for one in RECIPES}) == len(RECIPES) >= 340
    assert len(CASES) >= 200


def test_the_watch_sees_what_it_is_to_see(suite: Suite) -> None:
    """A module that the command line names is run: the same watch that finds nothing above finds that."""
    evil = "import os, subprocess\nopen('CANARY', 'w').close()\nos.system('true')\nsubprocess.run(['true'])\n"
    evil += "b'x' * 300_000_000\n"
    _, wrong = suite.recipe(Recipe("evil", {"evil.py": evil}, ("plugins=[evil]", "task=summary")))
    said = "\n".join(wrong)
    assert "open for writing: CANARY" in said
    assert "os.system" in said
    assert "subprocess.Popen" in said
    assert "exec of" in said
    assert "a file is there" in said
    assert re.search(r"it took 2\d\d MB", said)
