"""The vocabulary: one family of blocks a file, and here the one list of what `block:` may say."""

from cnnlab.blocks.base import Block
from cnnlab.blocks.conv import Conv
from cnnlab.blocks.inception import Inception
from cnnlab.blocks.linear import Dropout, Flatten, Linear
from cnnlab.blocks.merge import Parallel, Sequential, Skip
from cnnlab.blocks.norm import ActBlock, NormBlock
from cnnlab.blocks.pool import AdaptiveAvgPool, AvgPool, GlobalAvgPool, MaxPool
from cnnlab.blocks.residual import Bottleneck, Residual
from cnnlab.blocks.vgg import Nin, Vgg

KINDS: dict[str, type[Block]] = {
    cls.model_fields["block"].default: cls
    for cls in (
        Conv,
        MaxPool,
        AvgPool,
        GlobalAvgPool,
        AdaptiveAvgPool,
        Flatten,
        Linear,
        Dropout,
        NormBlock,
        ActBlock,
        Vgg,
        Nin,
        Inception,
        Residual,
        Bottleneck,
        Sequential,
        Parallel,
        Skip,
    )
}
