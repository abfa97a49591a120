"""Faults are data: other parts go by their kind, and never by the text of a message."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from cnnlab.errors import Fault, FaultKind, UserError, did_you_mean, near
from cnnlab.origin import COMMAND_LINE, Origin

PACKAGE = Path(__file__).parent.parent / "cnnlab"


def parents(tree: ast.AST) -> dict[ast.AST, ast.AST]:
    return {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}


def decisions(source: str) -> Iterator[int]:
    """Lines at which something is decided by a message: it is looked into, or compared, or tested.

    A message may be put into another text, given on to a record, returned or printed.
    """
    tree = ast.parse(source)
    above = parents(tree)
    for node in ast.walk(tree):
        reads = isinstance(node, ast.Attribute) and node.attr == "message" and isinstance(node.ctx, ast.Load)
        texts = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "str" and _is_fault(node.args)
        if reads or texts:
            use = above[node]
            call = isinstance(use, ast.Call) and getattr(use.func, "attr", "") in LOOKS
            if call or isinstance(use, ast.Attribute | ast.Compare | ast.BoolOp | ast.If | ast.IfExp | ast.Subscript):
                yield node.lineno


LOOKS = ("match", "search", "fullmatch", "findall", "split", "sub")
"""functions of `re`"""


def _is_fault(arguments: list[ast.expr]) -> bool:
    return len(arguments) == 1 and getattr(arguments[0], "id", "") in ("fault", "misfit")


@pytest.mark.parametrize("file", sorted(PACKAGE.rglob("*.py")), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_nothing_is_decided_by_the_text_of_a_message(file: Path) -> None:
    assert list(decisions(file.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        "fault.message.startswith('there is no')",
        "'no such setting' in one.message",
        "one.message == other",
        "re.search('did you mean', fault.message)",
        "str(fault).endswith('is missing')",
        "x = 1 if fault.message else 2",
        "fault.message[:3]",
    ],
)
def test_looking_into_a_message_is_noticed(source: str) -> None:
    assert list(decisions(source)) == [1]


@pytest.mark.parametrize("source", ["print(fault.message)", "f'{fault.message} (with x)'", "Fault('', error.message)"])
def test_giving_a_message_on_is_no_decision(source: str) -> None:
    assert list(decisions(source)) == []


def test_a_fault_about_an_unknown_word_knows_what_was_meant() -> None:
    fault = Fault.unknown(FaultKind.UNKNOWN_SETTING, "model.nrom", "no such setting", "nrom", ["norm", "act"], " (x)")
    assert str(fault) == "model.nrom: no such setting; did you mean 'norm'? (x)"
    assert (fault.word, fault.suggestion, fault.choices) == ("nrom", "norm", ("norm", "act"))


def test_where_no_word_is_close_all_are_named() -> None:
    fault = Fault.unknown(FaultKind.UNKNOWN_CHOICE, "key", "there is no 'zzz'", "zzz", ["norm", "act"])
    assert str(fault) == "key: there is no 'zzz'; there are norm, act"
    assert fault.suggestion is None
    assert (near("zzz", []), did_you_mean("zzz", ["norm"])) == ("", "")


def test_a_fault_is_shown_with_its_place_and_what_explains_it() -> None:
    fault = Fault("model.body.c1.stride", "too large", origin=Origin("conf/model/x.yaml", 7, 33), lines=("a", "b"))
    assert str(fault) == "conf/model/x.yaml:7:33  model.body.c1.stride: too large\n    a\n    b"
    assert str(Fault("", "no such flag", origin=COMMAND_LINE)) == "command line  no such flag"
    assert str(UserError(fault, Fault("seed", "bad"))).endswith("    b\nseed: bad")


def test_names_that_a_terminal_would_obey_are_not_shown() -> None:
    assert str(Fault("model.a\x1b[2J", "bad")) == "model.a?[2J: bad"


def test_one_fault_said_twice_is_one() -> None:
    """Whatever is known of it besides: it is told apart by its path, its message and its place."""
    assert Fault("a", "b", FaultKind.MISSING) == Fault("a", "b", word="c")
    assert Fault("a", "b") != Fault("a", "b", origin=COMMAND_LINE)
