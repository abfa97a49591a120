"""The layer table: whole at 80 columns, readable at 40, with the norms and activations of the blocks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Run = Callable[..., int]


def shown(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_norms_and_activations_stand_below_the_table(cnnlab: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert cnnlab("task=summary", "model=resnet18", "model.body.stage3.norm=group") == 0
    lines = shown(capsys)
    assert "batch norm, relu: body.stem, body.stage1, body.stage2, body.stage4" in lines
    assert "group norm 32, relu: body.stage3" in lines


@pytest.mark.parametrize("model", ["lenet", "resnet18", "mobilenet_v2", "googlenet"])
def test_the_table_has_room_in_80_columns(
    cnnlab: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert cnnlab("task=summary", f"model={model}") == 0
    lines = shown(capsys)
    assert max(len(line) for line in lines[:-1]) <= 80
    (heading,) = (line for line in lines if line.startswith("name"))
    assert heading.split()[:5] == ["name", "block", "output", "parameters", "MACs"]
    assert not any("…" in line for line in lines)


def test_a_narrow_terminal_shows_names_shapes_and_parameters_whole(
    cnnlab: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert cnnlab("task=summary", "model=resnet18") == 0
    lines = shown(capsys)
    assert [line.split() for line in lines if line.startswith("body.stage4.1")] == [
        ["body.stage4.1", "512×1×1", "4,720,640"]
    ]
