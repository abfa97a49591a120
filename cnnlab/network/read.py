"""From what conf/model/*.yaml says to a network of records, or to all the faults in it. Plain data in; no torch."""

from __future__ import annotations

from typing import Any

from cnnlab import dotted
from cnnlab.errors import Fault
from cnnlab.network.composite import Vocabulary, read_composites
from cnnlab.network.inheritance import INHERITED, SPREAD, Enclosing, idle, kind_faults
from cnnlab.network.parser import MOST_BLOCKS, NetworkParser, TooMany
from cnnlab.network.provenance import Provenance
from cnnlab.network.scale import Scale, spread
from cnnlab.network.spec import ModelSettings, Network
from cnnlab.settings import read, shown


def read_network(
    raw: Any, classes: int, path: str = "model", provenance: Provenance | None = None
) -> tuple[Network | None, list[Fault]]:
    """The network that `raw` describes for so many classes, or all the faults in it.

    `provenance` is told what each setting of each block is due to.
    """
    try:
        return _read_network(raw, classes, path, provenance)
    except TooMany as error:
        return None, [Fault(str(error), f"with this block the network has more than {MOST_BLOCKS:,} of them")]


def _read_network(
    raw: Any, classes: int, path: str, provenance: Provenance | None
) -> tuple[Network | None, list[Fault]]:
    if not isinstance(raw, dict):
        return None, [Fault(path, f"should be a mapping of settings, not {shown(raw)}")]
    raw = _without_nulls(raw)
    model, faults = read(ModelSettings, raw, path, "a model")
    wrong = {fault.path.split(".")[path.count(".") + 1] for fault in faults}
    sound = {key: value for key, value in raw.items() if key not in wrong}
    parser, broken = _parser(sound, raw.get("blocks"), model, classes, path, provenance or Provenance())
    enclosing = Enclosing({key: sound[key] for key in INHERITED if key in sound})
    sections = [(name, raw[name]) for name in ("body", "head") if isinstance(raw.get(name), dict)]
    stacks = {name: parser.section(name, blocks, enclosing, name == sections[-1][0]) for name, blocks in sections}
    heads = parser.heads(raw.get("aux"), enclosing)
    faults += [*broken, *kind_faults(parser.kinds, parser.vocabulary, f"{path}.kinds"), *parser.faults]
    if model and not faults and model.stochastic_depth is not None:
        (body, head), takers = spread([stacks["body"], stacks["head"]], SPREAD, model.stochastic_depth)
        stacks = {"body": body, "head": head}
        parser.used |= {SPREAD} if takers else set()
    faults = faults or list(idle(raw, parser.used, path))
    if model is None or faults:
        return None, list(dict.fromkeys(faults))
    freeze = tuple(model.freeze.items())
    return Network(stacks["body"], stacks["head"], classes, model.min_size, model.input_size, heads, freeze), []


def _without_nulls(settings: dict[str, Any]) -> dict[str, Any]:
    """`null` says nothing: of the model, and of a kind of block."""
    settings = {key: value for key, value in settings.items() if value is not None}
    if isinstance(settings.get("kinds"), dict):
        settings["kinds"] = {kind: inner for kind, inner in settings["kinds"].items() if inner is not None}
    return settings


def _parser(
    sound: dict[str, Any], blocks: Any, model: ModelSettings | None, classes: int, path: str, provenance: Provenance
) -> tuple[NetworkParser, list[Fault]]:
    """A parser for the model's `sound` settings, and what is wrong with the blocks that it defines in YAML."""
    composites, faults = read_composites(blocks, f"{path}.blocks")
    broken = [name for name, made in composites.items() if any(dotted.within(f.path, made.path) for f in faults)]
    scale = Scale(classes, model.width, model.divisor, model.depth, model.depth_rounding) if model else Scale(classes)
    kinds = sound["kinds"] if isinstance(sound.get("kinds"), dict) else {}
    return NetworkParser(path, scale, kinds, Vocabulary(composites, frozenset(broken)), provenance), faults
