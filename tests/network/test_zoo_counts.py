"""Every network of conf/model: its counts are those of torchvision and of the course, its header is true."""

import re

import pytest
import yaml
from nets import NAMES, network, zoo
from small import CONF

from cnnlab.network.expand import read_network
from cnnlab.network.mend import smallest_size
from cnnlab.network.plan import plan

NET, ONE_CHANNEL = ((3, 224, 224), 1000), ((1, 28, 28), 10)
# torchvision 0.28.0's parameters and multiply-adds, by torch's own counter: 3×224×224, 1000 classes
TORCHVISION = {
    "alexnet": (61_100_840, 714_188_480),
    "vgg11": (132_863_336, 7_609_090_048),
    "vgg11_bn": (132_868_840, 7_609_090_048),
    "vgg13": (133_047_848, 11_308_466_176),
    "vgg13_bn": (133_053_736, 11_308_466_176),
    "vgg16": (138_357_544, 15_470_264_320),
    "vgg16_bn": (138_365_992, 15_470_264_320),
    "vgg19": (143_667_240, 19_632_062_464),
    "vgg19_bn": (143_678_248, 19_632_062_464),
    "googlenet": (6_624_904, 1_498_376_192),
    "resnet18": (11_689_512, 1_814_073_344),
    "resnet34": (21_797_672, 3_663_761_408),
    "resnet50": (25_557_032, 4_089_184_256),
    "resnet101": (44_549_160, 7_801_405_440),
    "resnet152": (60_192_808, 11_513_626_624),
}
# the course's notebooks, and the authors' CIFAR form of NiN
OTHERS = {
    "lenet": ((1, 28, 28), 10, 61_706, 416_520),
    "d2l/lenet": ((1, 28, 28), 10, 61_706, 416_520),
    "d2l/resnet18": ((1, 96, 96), 10, 11_178_378, 318_657_536),
    "nin": ((3, 32, 32), 10, 966_986, 222_486_528),
}


def found(name, shape, classes, *overrides):
    result = plan(network(zoo(name, *overrides), classes), shape)
    assert not result.faults
    return result


def test_every_network_has_its_counts_here():
    assert set(NAMES) == {name.removesuffix("_bn") for name in TORCHVISION} | set(OTHERS)


@pytest.mark.parametrize("name", TORCHVISION)
def test_counts_are_torchvisions(name):
    plain = name.removesuffix("_bn")
    result = found(plain, *NET, *(["model.norm=batch"] if plain != name else []))
    assert (result.params, result.macs) == TORCHVISION[name]


@pytest.mark.parametrize("name", OTHERS)
def test_counts_are_the_courses(name):
    shape, classes, params, macs = OTHERS[name]
    result = found(name, shape, classes)
    assert (result.params, result.macs) == (params, macs)


def test_the_courses_resnet18_at_224_has_its_multiply_adds():
    assert found("d2l/resnet18", (1, 224, 224), 10).macs == 1_734_890_496


def test_the_papers_googlenet_is_one_override_away():
    overrides = ["model.norm=none", "model.kinds.inception.b5_kernel_size=5"]
    result = found("googlenet", (3, 224, 224), 1000, *overrides)
    assert result.params == 6_998_552  # 2014's, without auxiliary heads


def test_the_cifar_form_of_resnet18_is_three_overrides_away():
    overrides = ["model.body.stem.kernel_size=3", "model.body.stem.stride=1", "model.body.pool=null"]
    result = found("resnet18", (3, 32, 32), 10, *overrides)
    assert (result.params, result.macs) == (11_173_962, 555_422_720)


def test_lenets_shapes_are_the_courses():
    for name in ("lenet", "d2l/lenet"):
        shapes = [layer.shape for layer in found(name, *ONE_CHANNEL).layers]
        assert shapes == [(6, 28, 28), (6, 14, 14), (16, 10, 10), (16, 5, 5), (400,), (120,), (84,), (10,)]


def test_resnet18s_shapes_are_the_courses():
    layers = found("d2l/resnet18", (1, 96, 96), 10).layers
    assert [layer.shape for layer in layers] == [
        (64, 48, 48),
        (64, 24, 24),
        *[(64, 24, 24)] * 2,
        *[(128, 12, 12)] * 2,
        *[(256, 6, 6)] * 2,
        *[(512, 3, 3)] * 2,
        (512,),
        (10,),
    ]


def test_the_inception_blocks_are_the_papers():
    wide = {layer.name: layer.shape[0] for layer in found("googlenet", *NET).layers if "inc" in layer.name}
    assert list(wide.values()) == [256, 480, 512, 512, 512, 528, 832, 832, 1024]


def test_the_claims_about_first_linear_layers_hold():
    def params(name, layer, shape, classes):
        return next(found_.params for found_ in found(name, shape, classes).layers if found_.name == layer)

    assert params("lenet", "head.f5", *ONE_CHANNEL) == 16 * 5 * 5 * 120 + 120
    assert params("vgg16", "head.fc6", *NET) == 512 * 7 * 7 * 4096 + 4096


# -- the files


def header(name):
    text = (CONF / "model" / f"{name}.yaml").read_text()
    lines = text.splitlines()
    comments = [line for line in lines if line.startswith("#")]
    assert lines[: len(comments)] == comments, "comments come first"
    return "\n".join(comments), lines[len(comments) :]


@pytest.mark.parametrize("name", NAMES)
def test_the_headers_count_is_true(name):
    said, _ = header(name)
    (params, of) = re.search(r"([\d,]{6,}) parameters for (.+? classes)", said).groups()
    classes = int(re.search(r"(\d+) classes", of).group(1))
    size = re.search(r"(\d+)×(\d+)×(\d+)", of)
    channels = re.search(r"(\d+) channel", of)
    shape = tuple(map(int, size.groups())) if size else (int(channels.group(1)), 96, 96)
    assert found(name, shape, classes).params == int(params.replace(",", ""))


@pytest.mark.parametrize("name", NAMES)
def test_the_header_says_how_to_run_it_and_whose_it_is(name):
    said, _ = header(name)
    assert re.search(rf"^#   python run\.py model={name}(\s|$)", said, re.M)
    assert re.search(r"arXiv:\d{4}\.\d{4,5}|doi:10\.|Dive into Deep Learning, §", said)


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_at_most_thirty_lines_of_yaml(name):
    _, lines = header(name)
    assert 0 < len(lines) <= 30
    assert isinstance(yaml.safe_load("\n".join(lines)), dict)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (1, 1, 1), (3, 65, 40)])
def test_it_takes_any_data(name, shape):
    net, faults = read_network(zoo(name), 7)
    assert net is not None, faults
    size = net.image_size(shape[1:]) if name != "lenet" else (28, 28)  # the one without a word on its sizes
    result = plan(net, (shape[0], *size))
    assert not result.faults
    assert result.output == (7,)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "lenet"])
def test_min_size_is_the_smallest_that_works(name):
    raw = zoo(name)
    smallest = smallest_size(raw, 10, 3)
    said = raw.get("min_size")
    if "input_size" in raw:
        assert smallest <= raw["input_size"]
    else:
        assert smallest == (said or 1)


def test_an_override_of_a_networks_own_words_reads():
    for override in ("model.norm=group", "model.act=gelu", "model.init=orthogonal", "model.bias=true"):
        for name in ("resnet18", "vgg11"):
            assert not read_network(zoo(name, override), 10)[1]
