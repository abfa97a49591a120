"""The vocabulary: one family of blocks a file, and here the one list of what `block:` may say."""

from cnnlab.blocks.attention import ChannelConv, SqueezeExcite
from cnnlab.blocks.block import Block
from cnnlab.blocks.channels import ChannelPool, ChannelSplit, Select, Shuffle
from cnnlab.blocks.conv import Conv
from cnnlab.blocks.dense import DenseBlock, Transition
from cnnlab.blocks.depthwise import DepthwiseConv, SeparableConv
from cnnlab.blocks.inception import Inception
from cnnlab.blocks.linear import Dropout, Flatten, Linear
from cnnlab.blocks.merge import Parallel, Sequential, Skip
from cnnlab.blocks.norm import ActBlock, Grn, Lrn, NormBlock
from cnnlab.blocks.pool import AdaptiveAvgPool, AvgPool, BlurPool, GlobalAvgPool, MaxPool
from cnnlab.blocks.residual import Bottleneck, InvertedResidual, PreactBottleneck, PreactResidual, Residual
from cnnlab.blocks.scaling import Complement, ScaleBlock
from cnnlab.blocks.upsample import ConvTranspose, Upsample
from cnnlab.blocks.vgg import Nin, Vgg
from cnnlab.registry import Registry

KINDS: Registry[Block] = Block.registry.ship(
    Conv,
    DepthwiseConv,
    SeparableConv,
    MaxPool,
    AvgPool,
    BlurPool,
    GlobalAvgPool,
    AdaptiveAvgPool,
    Flatten,
    Linear,
    Dropout,
    NormBlock,
    ActBlock,
    Lrn,
    Vgg,
    Nin,
    Inception,
    Residual,
    Bottleneck,
    PreactResidual,
    PreactBottleneck,
    DenseBlock,
    Transition,
    InvertedResidual,
    SqueezeExcite,
    ChannelConv,
    ChannelPool,
    Complement,
    ScaleBlock,
    Grn,
    Select,
    ChannelSplit,
    Shuffle,
    Upsample,
    ConvTranspose,
    Sequential,
    Parallel,
    Skip,
)
