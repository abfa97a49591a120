"""The arms' networks are drawn on a sweep's page, from their records alone; blocks that differ are marked."""

from __future__ import annotations

import re
from pathlib import Path

from sample_networks import network, zoo

from benchmarks.simulated import Outcome, write_sweep
from cnnlab.comparison import report
from cnnlab.network.outline import network_record

KEYS = {"model.norm": ["none", "batch"], "seed": ["0", "1"]}


def page(folder: Path, *networks: dict) -> str:
    """The page of a sweep whose arms have trained these networks."""
    arms = dict(zip(KEYS["model.norm"], networks, strict=True))
    sweep = write_sweep(folder, KEYS, lambda at: Outcome(acc=0.8, network=arms[at["model.norm"]]))
    report([sweep])
    return (sweep / "report.html").read_text(encoding="utf-8")


def lenet(*overrides: str) -> dict:
    return network_record(network(zoo("lenet", *overrides)), (1, 28, 28))


def test_networks_are_drawn_with_the_blocks_that_differ(tmp_path: Path) -> None:
    found = page(tmp_path / "sweep", lenet(), lenet("model.body.c1.norm=batch"))
    drawn = re.findall(r'<svg [^>]*class="drawing".*?</svg>', found, re.DOTALL)
    assert len(drawn) == 2
    for svg in drawn:
        assert re.findall(r'data-block="([^"]+)" class="altered"', svg) == ["body.c1"]
        assert all(word in svg for word in ("5×5 conv, 16", "16×10×10", "linear, 10"))
    assert "batch norm" in drawn[1]
    assert len(found) < 200_000


def test_where_hardly_a_block_is_the_same_none_is_marked(tmp_path: Path) -> None:
    other = network_record(network(zoo("nin")), (3, 32, 32))
    assert 'class="altered"' not in page(tmp_path / "sweep", lenet(), other)


def test_records_without_an_outline_or_with_a_broken_one_have_no_drawing(tmp_path: Path) -> None:
    bare = {key: value for key, value in lenet().items() if key != "outline"}
    broken = {**lenet("model.norm=batch"), "outline": {"body": [{"chain": 3}]}}
    found = page(tmp_path / "sweep", bare, broken)
    assert 'class="drawing"' not in found
    assert "of 8 layers differ" in found
