"""What multiplies its input, and the paths that a join leaves out."""

import pytest
import torch

from cnnlab.blocks import KINDS, Complement, Conv, ScaleBlock
from cnnlab.blocks.modules import some_kept

X = torch.randn(2, 6, 5, 4)


def test_a_factor_that_stays_and_factors_that_are_learned():
    assert torch.equal(ScaleBlock(factor=0.5).build((6, 5, 4))(X), X * 0.5)
    for learned, shape in (("one", ()), ("channel", (6, 1, 1))):
        net = ScaleBlock(factor=0.25, learned=learned).build((6, 5, 4))
        assert net.gain.shape == shape
        net.gain.data.normal_()
        torch.testing.assert_close(net(X), X * net.gain)
        net.reset_parameters()
        assert net.gain.unique().item() == 0.25
    assert torch.equal(Complement().build((6,))(X), 1 - X)


def test_a_body_is_scaled_before_it_is_added_and_the_sum_activated():
    body = {"c": Conv(channels=6, act="none")}
    net = KINDS["skip"](body=body, scale={"factor": 0.17}, sum_act="relu").build((6, 5, 4))
    torch.testing.assert_close(net(X), torch.relu(0.17 * net.body(X) + X))
    net = KINDS["skip"](body=body, scale={"factor": 1e-6, "learned": "channel"}).build((6, 5, 4))
    net.scale.gain.data.normal_()
    torch.testing.assert_close(net(X), net.scale.gain * net.body(X) + X)


def test_a_shortcut_where_the_shape_stays_and_else_nothing():
    for channels, stride in ((6, 1), (8, 1), (6, 2)):
        block = Conv(channels=channels, stride=stride, act="none")
        net = (
            KINDS["skip"](body={"c": block}, shortcut="identity_or_none", stochastic_depth=0.5).build((6, 5, 4)).eval()
        )
        same = (channels, stride) == (6, 1)
        torch.testing.assert_close(net(X), net.body(X) + (X if same else 0))
        assert (net.drop is not None) == same


def test_branches_of_which_there_are_several():
    branches = {"c": {"c": Conv(channels=4)}, "x": {"d": Conv(channels=4, kernel_size=1)}}
    net = KINDS["parallel"](branches=branches, merge="add", copies={"c": 3}).build((6, 5, 4))
    assert list(net) == ["c", "c_2", "c_3", "x"]
    torch.testing.assert_close(net(X), sum(branch(X) for branch in net.values()))
    with pytest.raises(ValueError, match="there is no branch 'd'"):
        KINDS["parallel"](branches=branches, copies={"d": 2})


def test_a_mean_leaves_out_paths_in_training_but_for_one():
    torch.manual_seed(0)
    kept = some_kept(20_000, 3, 0.5, X)
    assert kept.sum(0).min() == 1
    alone = 0.5**3 / 3  # where none would be kept
    assert abs(kept.mean().item() - (0.5 + alone)) < 0.01
    net = KINDS["parallel"](branches={"a": {}, "b": {"s": ScaleBlock(factor=3.0)}}, merge="mean", drop_path=0.5)
    net = net.build((6, 5, 4))
    ones = torch.ones(4000, 6, 1, 1)
    seen = net.train()(ones).unique()
    assert seen.tolist() == [1, 2, 3]
    assert net.eval()(ones).unique().tolist() == [2]
    with pytest.raises(ValueError, match="drop_path leaves out branches of a mean, not of add"):
        KINDS["parallel"](branches={"a": {}}, merge="add", drop_path=0.5)
