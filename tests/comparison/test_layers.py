"""What is said of a metric of blocks that finds nothing in a network."""

from __future__ import annotations

import pytest

from cnnlab.comparison.layers import lacking

LAYERS = [
    {"name": "body.stage1.0", "block": "residual", "shape": [8, 4, 4], "params": 20, "macs": 10},
    {"name": "body.stage1.1", "block": "residual", "shape": [8, 4, 4], "params": 20, "macs": 10},
    {"name": "body.pool", "block": "max_pool", "shape": [8, 2, 2], "params": 0, "macs": 0},
    {"name": "head.fc", "block": "linear", "shape": [1000], "params": 60, "macs": 50, "receptive_field": [4, 4]},
]
NETWORK = {"params": 100, "layers": LAYERS}


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ("test/acc", None),
        ("layer/body/share", None),
        ("layer/body.stage1.1/rows", None),
        ("layer/last:linear/receptive_field", None),
        ("layer/body.stage/params", "there is no block 'body.stage'; did you mean 'body.stage1'?"),
        ("layer/body.stage1.2/macs", "there is no block 'body.stage1.2'; did you mean 'body.stage1.1'?"),
        ("layer/x/macs", "there is no block 'x'; there are body.stage1, body.pool, head.fc"),
        ("macs / layer/head.f/params", "there is no block 'head.f'; did you mean 'head.fc'?"),
        ("largest optimizer.lr with layer/heed.fc/params >= 3", "there is no block 'heed.fc'; did you mean 'head.fc'?"),
        ("layer/first:conv/params", "there is no block of kind 'conv'; there are residual, max_pool, linear"),
        ("layer/any:linear/params", "'any:linear' should be the name of a block, first:KIND or last:KIND"),
        ("layer/head.fc/rows", "there are no rows in what head.fc leaves, 1,000 numbers"),
    ],
)
def test_a_block_that_a_network_has_not_is_told(metric: str, said: str | None) -> None:
    assert lacking(metric, NETWORK) == said


def test_nothing_has_no_share() -> None:
    assert lacking("layer/body/share", NETWORK | {"params": 0}) == "the network has no parameters to have a share of"
