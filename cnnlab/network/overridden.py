"""A network's settings under an override: what would be, were it set."""

from __future__ import annotations

import copy
from typing import Any

import yaml

from cnnlab import dotted
from cnnlab.override import Override


def overridden(raw: dict[str, Any], word: str) -> dict[str, Any]:
    """The settings of a model with an override of one of them, `model.…=VALUE`; `raw` itself stays as it is.

    >>> overridden({"body": {"c1": {"block": "conv"}}}, "model.body.c1.padding=same")
    {'body': {'c1': {'block': 'conv', 'padding': 'same'}}}
    """
    override = Override.read(word)
    changed = copy.deepcopy(raw)
    dotted.put(changed, override.key.removeprefix("model."), yaml.safe_load(override.value or ""))
    return changed
