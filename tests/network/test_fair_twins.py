"""Two networks that differ in one place start from equal weights everywhere else."""

import hashlib
import subprocess
import sys

import pytest
import torch
from sample_networks import CONV, model, network, zoo

from cnnlab.network.build import build

THIN = {"resnet18": 1 / 16, "vgg11": 1 / 16, "nin": 1 / 8, "googlenet": 1 / 8, "lenet": 1.0}
SHAPE = (1, 64, 64)
SMALL_HEAD = {"pool": {"block": "global_avg_pool"}, "fc": {"block": "linear", "features": "classes"}}


def thin(name):
    raw = {**zoo(name), "width": THIN[name], "divisor": 1}
    if name not in ("vgg11", "lenet"):
        return raw
    return {**raw, "head": SMALL_HEAD, "dropout": None}  # no layer is left to drop


def weights(raw, seed=0):
    return build(network(raw), SHAPE, seed).state_dict()


def changed(raw, section="body", **blocks):
    return {**raw, section: {**raw[section], **blocks}}


def with_block(raw, name, **settings):
    return changed(raw, **{name: {**raw["body"][name], **settings}})


def shared(one, other):
    """Names that both have in the same shape, and of these the ones whose numbers differ."""
    names = [name for name in one if name in other and one[name].shape == other[name].shape]
    return names, [name for name in names if not torch.equal(one[name], other[name])]


@pytest.mark.parametrize("name", THIN)
def test_a_norm_changes_no_other_weight(name):
    plain, normed = weights({**thin(name), "norm": "none"}), weights({**thin(name), "norm": "batch"})
    names, differing = shared(plain, normed)
    assert not differing
    assert {n for n in plain if n.endswith("weight")} <= set(names)


FAMILIES = {
    "densenet121": 1 / 8,
    "efficientnet_b0": 1 / 2,
    "inception_v3": 1 / 16,
    "mobilenet_v2": 1 / 8,
    "resnext50_32x4d": 1 / 4,
    "se_resnet18": 1 / 4,
    "squeezenet1_0": 1 / 8,
    "cifar/resnet20": 1 / 4,
    "paper/preact_resnet18": 1 / 8,
    "paper/lenet5": 1,
}

LARGE = (
    "densenet121",
    "inception_v3",
    "efficientnet_b0",
    "paper/lenet5",
    "mobilenet_v2",
    "squeezenet1_0",
    "resnext50_32x4d",
)


def family(name):
    return {**zoo(name), "width": FAMILIES[name], "divisor": 1, "aux": None}


def made(raw):
    return build(network(raw), (3, 80, 80)).state_dict()


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name in LARGE)) for name in FAMILIES])
def test_a_change_anywhere_in_the_zoo_changes_nothing_elsewhere(name):
    raw = family(name)
    whole = made(raw)
    normless = "none" if "norm" in raw else "batch"
    names, differing = shared(whole, made({**raw, "norm": normless}))
    assert not differing
    assert {n for n in whole if "conv.weight" in n} <= set(names)
    block = next((b for b, said in raw["body"].items() if said.get("repeat", 0) > 1), None)
    if block:
        deeper = with_block(raw, block, repeat=raw["body"][block]["repeat"] + 2)
        names, differing = shared(whole, made(deeper))
        assert not differing
        assert {n for n in whole if n.startswith(f"body.{block}.")} <= set(names)
    first = next(iter(raw["body"]))
    names, differing = shared(whole, made(with_block(raw, first, kernel_size=1, padding=0)))
    assert all(n.startswith(f"body.{first}.") for n in differing)


@pytest.mark.parametrize("init", ["auto", "default", "kaiming_uniform", "xavier_uniform", "orthogonal"])
def test_a_bias_changes_no_weight_however_they_start(init):
    with_bias, without = (weights({**thin("nin"), "bias": bias, "init": init}) for bias in (True, False))
    names, differing = shared(with_bias, without)
    assert (names, differing) == (list(without), [])


def test_depth_leaves_the_first_copies_as_they_were():
    raw = thin("resnet18")
    for stage in ("stage2", "stage4"):
        names, differing = shared(weights(raw), weights(with_block(raw, stage, repeat=4)))
        assert (names, differing) == (list(weights(raw)), [])
    raw = thin("vgg11")
    names, differing = shared(weights(raw), weights(with_block(raw, "stage1", repeat=3)))
    assert (names, differing) == (list(weights(raw)), [])


def test_one_copy_is_the_first_of_several():
    raw = with_block(thin("resnet18"), "stage3", repeat=1)
    names, differing = shared(weights(raw), weights(thin("resnet18")))
    assert (names, differing) == (list(weights(raw)), [])


@pytest.mark.parametrize(
    ("name", "block"),
    [
        ("resnet18", "stage3"),
        pytest.param("googlenet", "inc4b", marks=pytest.mark.slow),
        ("nin", "drop1"),
        ("vgg11", "stage2"),
    ],
)
def test_removing_a_block_changes_no_other_weight_of_equal_shape(name, block):
    whole, less = weights(thin(name)), weights(changed(thin(name), **{block: None}))
    names, differing = shared(whole, less)
    assert not differing
    assert names
    assert {n for n in whole if n not in less} == {n for n in whole if n.startswith(f"body.{block}.")}


def test_changing_one_block_changes_no_other():
    raw = thin("googlenet")
    names, differing = shared(weights(raw), weights(with_block(raw, "inc4c", b1=24, act="tanh")))
    assert all(name.startswith("body.inc4c.") for name in differing)
    assert any(name.startswith("body.inc4d.") for name in names)


def test_adding_a_block_changes_no_other():
    raw = thin("resnet18")
    more = changed(raw, extra={"block": "conv", "channels": 64, "after": "stem"})
    names, differing = shared(weights(raw), weights(more))
    assert (names, differing) == (list(weights(raw)), [])


def test_a_plain_network_starts_as_the_residual_one_but_for_the_norms_that_keep_a_body_quiet():
    raw = thin("resnet18")
    plain = weights({**raw, "kinds": {"residual": {"shortcut": "none"}}})
    names, differing = shared(plain, weights(raw))
    assert names == list(plain)
    assert differing == [name for name in names if name.endswith("body.conv2.norm.weight")]


def ratio(one, other, ending):
    return [(one[name].std() / other[name].std()).item() for name in one if name.endswith(ending)]


@pytest.mark.parametrize(
    "name", ["paper/preact_resnet18", pytest.param("paper/preact_resnet50", marks=pytest.mark.slow)]
)
def test_blocks_with_preactivations_start_alike_but_for_a_quieter_last_convolution(name):
    raw = {**zoo(name), "width": 1 / 8}
    kind, last = ("preact_residual", "conv2") if name.endswith("18") else ("preact_bottleneck", "conv3")
    plain, quiet = made({**raw, "kinds": {kind: {"shortcut": "none"}}}), made(raw)
    names, differing = shared(plain, quiet)
    assert names == list(plain)
    assert differing == [one for one in names if one.endswith(f"body.{last}.conv.weight")]
    ratios = ratio(quiet, plain, f"body.{last}.conv.weight")
    assert ratios == pytest.approx([0.3] * len(ratios))
    loud = made({**raw, "init": "kaiming_normal"})
    assert min(ratio(loud, quiet, f"body.{last}.conv.weight")) > 2  # a way to start that was asked for is kept to


def test_other_seeds_give_other_weights():
    one, other = weights(thin("resnet18"), 0), weights(thin("resnet18"), 1)
    same = [n for n in one if torch.equal(one[n], other[n])]
    assert all("norm" in n or n.endswith("bias") for n in same)


@pytest.mark.parametrize("init", ["auto", "default", "xavier_uniform"])
def test_equal_layers_of_one_network_start_differently(init):
    found = weights(model({"a": CONV, "b": CONV | {"repeat": 3}}, init=init))
    for part in ("weight", "bias") if init != "auto" else ("weight",):  # auto starts biases at 0
        assert len({found[f"body.b.{i}.conv.{part}"].flatten()[0].item() for i in range(3)}) == 3


def test_torchs_own_random_state_is_left_alone():
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    weights(thin("lenet"))
    assert torch.equal(torch.random.get_rng_state(), before)
    first = weights(thin("lenet"))
    torch.manual_seed(6)
    assert not shared(first, weights(thin("lenet")))[1]


RAW = model({"a": CONV | {"norm": "batch"}, "r": {"block": "residual", "channels": 4}})
PROGRAM = f"""
import hashlib
from cnnlab.network.build import build
from cnnlab.network.start import stream
from cnnlab.network.read import read_network
net = build(read_network({RAW!r}, 10)[0], (1, 8, 8), 3)
print(hashlib.sha256(b"".join(v.numpy().tobytes() for v in net.state_dict().values())).hexdigest())
"""


@pytest.mark.slow
def test_another_process_makes_the_same_weights():
    said = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True).stdout.strip()
    here = build(network(RAW), (1, 8, 8), 3).state_dict()
    assert said == hashlib.sha256(b"".join(v.numpy().tobytes() for v in here.values())).hexdigest()
