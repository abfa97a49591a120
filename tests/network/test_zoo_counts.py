"""Every network of conf/model: its counts are those of torchvision and of the course, its header is true."""

import re
from statistics import median

import pytest
import yaml
from sample_networks import EVERY, FEW, NAMES, few_first, network, zoo
from tiny_run import CONF

from cnnlab.network.fixes import smallest_size
from cnnlab.network.graph import graph
from cnnlab.network.read import read_network

NET, ONE_CHANNEL = ((3, 224, 224), 1000), ((1, 28, 28), 10)
# torchvision 0.28.0's parameters, those of auxiliary heads apart, and multiply-adds, by torch's own counter:
# 3×224×224 (inception_v3: 299), 1000 classes
TORCHVISION = {
    "alexnet": (61_100_840, 714_188_480),
    "convnext_base": (88_591_464, 15_354_729_472),
    "convnext_large": (197_767_336, 34_361_433_600),
    "convnext_small": (50_223_688, 8_683_712_256),
    "convnext_tiny": (28_589_128, 4_455_531_264),
    "densenet121": (7_978_856, 2_834_161_664),
    "densenet161": (28_681_000, 7_727_907_072),
    "densenet169": (14_149_480, 3_359_843_328),
    "densenet201": (20_013_928, 4_291_365_888),
    "efficientnet_b0": (5_288_548, 385_814_752),
    "efficientnet_b1": (7_794_184, 569_651_680),
    "efficientnet_b2": (9_109_994, 658_963_440),
    "efficientnet_b3": (12_233_232, 962_708_240),
    "efficientnet_b4": (19_341_616, 1_503_710_432),
    "efficientnet_b5": (30_389_784, 2_356_493_184),
    "efficientnet_b6": (43_040_704, 3_360_166_848),
    "efficientnet_b7": (66_347_960, 5_169_865_152),
    "efficientnet_v2_l": (118_515_272, 12_231_188_544),
    "efficientnet_v2_m": (54_139_356, 5_362_207_200),
    "efficientnet_v2_s": (21_458_488, 2_849_895_872),
    "googlenet": (6_624_904, 1_498_376_192),
    "inception_v3": (23_834_568, 5_713_216_096),
    "mnasnet0_5": (2_218_512, 104_455_968),
    "mnasnet0_75": (3_170_208, 215_493_104),
    "mnasnet1_0": (4_383_312, 314_415_872),
    "mnasnet1_3": (6_282_256, 526_362_432),
    "mobilenet_v2": (3_504_872, 300_774_272),
    "mobilenet_v3_large": (5_483_032, 216_589_760),
    "mobilenet_v3_small": (2_542_856, 56_510_400),
    "regnet_x_1_6gf": (9_190_136, 1_602_849_792),
    "regnet_x_3_2gf": (15_296_552, 3_176_621_952),
    "regnet_x_8gf": (39_572_648, 7_995_132_416),
    "regnet_x_16gf": (54_278_536, 15_940_755_456),
    "regnet_x_32gf": (107_811_560, 31_735_929_792),
    "regnet_x_400mf": (5_495_976, 413_812_608),
    "regnet_x_800mf": (7_259_656, 799_699_712),
    "regnet_y_1_6gf": (11_202_430, 1_612_076_160),
    "regnet_y_3_2gf": (19_436_338, 3_176_482_752),
    "regnet_y_8gf": (39_381_472, 8_473_070_592),
    "regnet_y_16gf": (83_590_140, 15_911_510_272),
    "regnet_y_32gf": (145_046_770, 32_279_552_832),
    "regnet_y_128gf": (644_812_894, 127_517_815_680),
    "regnet_y_400mf": (4_344_144, 401_842_848),
    "regnet_y_800mf": (6_432_512, 833_856_256),
    "resnet18": (11_689_512, 1_814_073_344),
    "resnet34": (21_797_672, 3_663_761_408),
    "resnet50": (25_557_032, 4_089_184_256),
    "resnet101": (44_549_160, 7_801_405_440),
    "resnet152": (60_192_808, 11_513_626_624),
    "resnext50_32x4d": (25_028_904, 4_230_479_872),
    "resnext101_32x8d": (88_791_336, 16_414_015_488),
    "resnext101_64x4d": (83_455_272, 15_460_270_080),
    "shufflenet_v2_x0_5": (1_366_792, 40_476_448),
    "shufflenet_v2_x1_0": (2_278_604, 144_907_992),
    "shufflenet_v2_x1_5": (3_503_624, 295_759_392),
    "shufflenet_v2_x2_0": (7_393_996, 583_253_464),
    "squeezenet1_0": (1_248_424, 818_924_576),
    "squeezenet1_1": (1_235_496, 349_151_936),
    "vgg11": (132_863_336, 7_609_090_048),
    "vgg11_bn": (132_868_840, 7_609_090_048),
    "vgg13": (133_047_848, 11_308_466_176),
    "vgg13_bn": (133_053_736, 11_308_466_176),
    "vgg16": (138_357_544, 15_470_264_320),
    "vgg16_bn": (138_365_992, 15_470_264_320),
    "vgg19": (143_667_240, 19_632_062_464),
    "vgg19_bn": (143_678_248, 19_632_062_464),
    "wide_resnet50_2": (68_883_240, 11_398_021_120),
    "wide_resnet101_2": (126_886_696, 22_753_050_624),
}
AUX = {"googlenet": 6_379_984, "inception_v3": 3_326_696}
# the course's notebooks; the papers' and CIFAR's forms, counted by independent implementations of them
OTHERS = {
    "lenet": ((1, 28, 28), 10, 61_706, 416_520),
    "nin": ((3, 32, 32), 10, 966_986, 222_486_528),
    "d2l/alexnet": ((1, 224, 224), 10, 46_764_746, 938_146_176),
    "d2l/bn_lenet": ((1, 28, 28), 10, 44_878, 281_640),
    "d2l/densenet": ((1, 96, 96), 10, 758_226, 129_077_168),
    "d2l/googlenet": ((1, 96, 96), 10, 5_977_530, 276_066_304),
    "d2l/lenet": ((1, 28, 28), 10, 61_706, 416_520),
    "d2l/nin": ((1, 224, 224), 10, 1_992_166, 762_297_352),
    "d2l/resnet18": ((1, 96, 96), 10, 11_178_378, 318_657_536),
    "d2l/vgg11": ((1, 224, 224), 10, 128_806_154, 7_547_232_256),
    "d2l/vgg11_small": ((1, 224, 224), 10, 43_093_322, 512_155_648),
    "paper/alexnet": ((3, 227, 227), 1000, 60_965_224, 724_406_816),
    "paper/googlenet": ((3, 224, 224), 1000, 6_998_552, 1_582_671_872),
    "cifar/resnet18": ((3, 32, 32), 10, 11_173_962, 555_422_720),
    "cifar/vgg16_bn": ((3, 32, 32), 10, 14_728_266, 313_201_664),
    **{
        f"cifar/{kind}{depth}": ((3, 32, 32), 10, params, macs)
        for kind in ("resnet", "plain")
        for depth, params, macs in (
            (20, 269_722, 40_551_040),
            (32, 464_154, 68_862_592),
            (44, 658_586, 97_174_144),
            (56, 853_018, 125_485_696),
            (110, 1_727_962, 252_887_680),
        )
    },
}
# timm 1.0.31's parameters and multiply-adds: resnet50d, res2net50_26w_4s, legacy_xception, darknet53, cspdarknet53,
# vovnet39a, ese_vovnet39b, repvgg_a0 (as it is trained), convmixer_768_32
OTHERS |= {
    name: (*NET, params, macs)
    for name, params, macs in (
        ("resnet50d", 25_576_264, 4_328_824_832),
        ("res2net50", 25_699_120, 4_255_166_464),
        ("xception", 22_855_952, 4_552_879_072),
        ("darknet53", 41_609_928, 7_109_156_864),
        ("cspdarknet53", 27_642_184, 5_002_567_680),
        ("vovnet39", 22_600_296, 7_072_227_328),
        ("ese_vovnet39", 24_568_936, 7_074_193_408),
        ("repvgg_a0", 9_108_968, 1_512_581_120),
        ("convmixer_768_32", 21_110_248, 20_676_851_712),
    )
}
# parameters alone: those of SE-ResNets and pre-activation ResNet-50 are timm's (legacy_seresnet*, resnetv2_50), of the
# wide ResNet its paper's 36.5 M, of LeNet-5 the paper's 60,000 and a linear layer's 84 · 10 + 10, the others ours
PARAMS = {
    "se_resnet18": 11_778_592,
    "se_resnet50": 28_088_024,
    "paper/preact_resnet50": 25_549_352,
    "cifar/wide_resnet28_10": 36_479_194,
    "paper/lenet5": 60_000 + 850,
    "paper/resnet50": 25_557_032,
    "paper/resnet101": 44_549_160,
    "paper/resnet152": 60_192_808,
    "paper/preact_resnet18": 11_687_720,
    "paper/preact_resnet200": 64_666_152,
    "cifar/preact_resnet110": 1_730_522,
    "cifar/preact_resnet164": 1_703_258,
    # the paper's 28.09 M, 0.8 M; ResNet-50 and a convolution of 5, 5, 5 or 7 weights in each block
    "cbam_resnet50": 28_089_624,
    "cifar/densenet_bc100": 769_162,
    "eca_resnet50": 25_557_032 + 3 * 5 + 4 * 5 + 6 * 5 + 3 * 7,
}


def found(name, shape, classes, *overrides):
    result = graph(network(zoo(name, *overrides), classes), shape)
    assert not result.faults
    return result


def test_every_network_has_its_counts_here():
    assert sorted(NAMES) == sorted([*TORCHVISION, *OTHERS, *PARAMS])


@pytest.mark.parametrize("name", few_first(TORCHVISION))
def test_counts_are_torchvisions(name):
    size = 299 if name == "inception_v3" else 224
    result = found(name, (3, size, size), 1000)
    assert (result.params, result.macs) == TORCHVISION[name]
    assert result.params_aux == AUX.get(name, 0)


@pytest.mark.parametrize("name", few_first(OTHERS))
def test_counts_are_the_courses_and_the_papers(name):
    shape, classes, params, macs = OTHERS[name]
    result = found(name, shape, classes)
    assert (result.params, result.macs) == (params, macs)


@pytest.mark.parametrize("depth", [20, *(pytest.param(depth, marks=pytest.mark.slow) for depth in (32, 44, 56, 110))])
def test_option_b_is_one_override_away(depth):
    result = found(f"cifar/resnet{depth}", (3, 32, 32), 10, "model.kinds.residual.shortcut=auto")
    one, other = found(f"cifar/resnet{depth}", (3, 32, 32), 10), {20: 40_813_184, 110: 253_149_824}
    assert result.params - one.params == 2_752  # two 1×1 convolutions and their norms
    assert result.macs == other.get(depth, result.macs)


@pytest.mark.parametrize(("depth", "billions"), [(50, 3.8), (101, 7.6), (152, 11.3)])
def test_with_the_papers_strides_resnets_have_the_papers_multiply_adds(depth, billions):
    assert abs(found(f"paper/resnet{depth}", *NET).macs / 1e9 - billions) < 0.1  # table 1


@pytest.mark.parametrize(("name", "depth"), [("resnet18", 1.5), ("resnet50", 2.0), ("vgg11_bn", 2.0)])
def test_depth_multiplies_what_is_repeated(name, depth):
    plain, deep = found(name, *NET), found(name, *NET, f"model.depth={depth}")
    copies = [sum(bool(re.search(r"stage\d\.\d", layer.name)) for layer in net.layers) for net in (plain, deep)]
    assert copies[1] == copies[0] * depth


def test_the_courses_resnet18_at_224_has_its_multiply_adds():
    assert found("d2l/resnet18", (1, 224, 224), 10).macs == 1_734_890_496


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


@pytest.mark.parametrize("name", EVERY)
def test_the_headers_count_is_true(name):
    said, _ = header(name)
    said = said.replace("\n# ", " ")
    (params, of) = re.search(r"([\d,]{6,}) parameters for (.+? classes)", said).groups()
    classes = int(re.search(r"(\d+) classes", of).group(1))
    size = re.search(r"(\d+)×(\d+)×(\d+)", of)
    channels = re.search(r"(\d+) channel", of)
    shape = tuple(map(int, size.groups())) if size else (int(channels.group(1)), 96, 96)
    result = found(name, shape, classes)
    assert result.params == int(params.replace(",", "")) == PARAMS.get(name, result.params)
    aux = re.search(r"and ([\d,]+) of its (two )?auxiliary head", said)
    assert result.params_aux == (int(aux.group(1).replace(",", "")) if aux else 0)


@pytest.mark.parametrize("name", NAMES)
def test_a_size_in_the_header_is_what_the_file_says(name):
    said, _ = header(name)
    enlarged = re.search(r"Images\s+smaller than (\d+)×\1 are enlarged", said)
    if enlarged:
        assert zoo(name)["min_size"] == int(enlarged.group(1))


@pytest.mark.parametrize("name", NAMES)
def test_the_header_says_how_to_run_it_and_whose_it_is(name):
    said, _ = header(name)
    assert re.search(rf"^#   python run\.py model={name}(\s|$)", said, re.M)
    assert re.search(r"arXiv:\d{4}\.\d{4,5}|doi:10\.|Dive into Deep Learning, §", said)


def yaml_lines(name):
    return len([line for line in header(name)[1] if line.strip()])


LONG = {"inception_v3": 86, "res2net50": 45}
"""networks of many kinds of block: five of Inception-v3, and two of Res2Net, whose shares are named one by one"""


@pytest.mark.parametrize("name", [name for name in NAMES if name not in LONG])
def test_the_file_is_at_most_thirty_lines_of_yaml(name):
    assert 0 < yaml_lines(name) <= 30


def test_most_files_are_short():
    assert median(map(yaml_lines, NAMES)) < 12
    assert {name: yaml_lines(name) for name in LONG} == LONG


DATA = {file.stem: yaml.safe_load(file.read_text()) for file in (CONF / "data").glob("*.yaml")}
SHAPES = {(tuple(data["shape"]), data["classes"] or 7) for data in DATA.values()} | {((1, 1, 1), 7), ((3, 65, 40), 2)}


BRANCHED = ("densenet121", "efficientnet_b0", "googlenet", "inception_v3", "d2l/googlenet", "cifar/wide_resnet28_10")
"""networks of so many blocks that their shapes take long for every data set"""
QUICK = [pytest.param(name, marks=[pytest.mark.slow] * (name not in FEW or name in BRANCHED)) for name in NAMES]


@pytest.mark.parametrize("name", QUICK)
def test_every_network_takes_every_data_set(name):
    for shape, classes in SHAPES:
        net, faults = read_network(zoo(name), classes)
        assert net is not None, faults
        result = graph(net, (shape[0], *net.image_size(shape[1:])))
        assert not result.faults
        assert result.output == (classes,)


@pytest.mark.parametrize("name", QUICK)
def test_min_size_is_the_smallest_that_works(name):
    raw = zoo(name)
    smallest = smallest_size(raw, 10, 3)
    if "input_size" in raw:
        assert smallest <= raw["input_size"]
    else:
        assert smallest == (raw.get("min_size") or 1)


def test_an_override_of_a_networks_own_words_reads():
    for override in ("model.norm=group", "model.act=gelu", "model.init=orthogonal", "model.bias=true"):
        for name in ("resnet18", "vgg11"):
            assert not read_network(zoo(name, override), 10)[1]
