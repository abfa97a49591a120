"""Where something is written."""

from __future__ import annotations

from cnnlab.origin import COMMAND_LINE, Origin


def test_a_place_is_shown_as_editors_open_it() -> None:
    assert str(Origin("conf/model/lenet.yaml", 7, 33)) == "conf/model/lenet.yaml:7:33"
    assert str(Origin("conf/model/lenet.yaml")) == "conf/model/lenet.yaml"
    assert str(COMMAND_LINE) == "command line"


def test_a_place_is_the_same_whatever_it_says() -> None:
    assert Origin(value="2", rank=3) == COMMAND_LINE
    assert Origin("a.yaml", 1, 2, value="2") == Origin("a.yaml", 1, 2, value="3")
    assert Origin("a.yaml", 1, 2) != Origin("a.yaml", 1, 3)
