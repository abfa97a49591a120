"""Networks of records that an older version left: what they computed, in today's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cnnlab.blocks.block import Block
from cnnlab.blocks.residual import Narrowed
from cnnlab.blocks.window import tiles
from cnnlab.errors import Fault, UserError
from cnnlab.network.scale import rewritten
from cnnlab.network.spec import Network


def is_of_0_2(config: Mapping[str, Any]) -> bool:
    """Whether a record's configuration is one of version 0.2.0, which had no group `loss`."""
    return "loss" not in config


def as_of_0_2(network: Network, file: str) -> Network:
    """The network as 0.2.0 had it: the padding of windows no larger than their step, and inner widths, written out.

    UserError where a kind has no setting for it.
    """

    def changed(block: Block) -> Block:
        if isinstance(block, Narrowed) and block.base_width is None and block.groups > 1:
            block = block.model_copy(update={"base_width": 64})  # groups multiplied the inner width
        if not tiles(block):
            return block
        if "padding" not in type(block).model_fields:
            wide = f"its {block.block} blocks have windows no larger than their step"
            raise UserError(
                Fault("ckpt_path", f"{file}: {wide}, which 0.2.0 padded otherwise; load it with that version")
            )
        dilation = getattr(block, "dilation", (1, 1))
        total = [d * (k - 1) for k, d in zip(block.kernel_size, dilation, strict=True)]  # type: ignore[attr-defined]
        sides = tuple(side for t in total for side in (t - t // 2, t // 2))
        return block.model_copy(update={"padding": sides})

    heads = tuple(replace(head, head=rewritten(head.head, changed)) for head in network.aux)
    return replace(network, body=rewritten(network.body, changed), head=rewritten(network.head, changed), aux=heads)
