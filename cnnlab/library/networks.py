"""`cnnlab.build`: a network from its name, its YAML or a mapping, as a module of torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnlab.errors import Fault, UserError
from cnnlab.library.composing import engine, network_option, override_words
from cnnlab.library.notebook import add_defined_kinds
from cnnlab.network.build import Net, build
from cnnlab.settings import Shape
from cnnlab.text import dims

if TYPE_CHECKING:
    from torch import Tensor

    from cnnlab.network.spec import Network

OUTSIDE = ("model.", "blocks=", "blocks.")
"""how overrides begin that say themselves where they belong; all others are of the model"""


IMAGENET = (3, 224, 224)


@dataclass(frozen=True)
class ComposedNetwork:
    """A network's name, its blocks as records, the images that it is for, and the settings that say so."""

    name: str
    spec: Network
    shape: Shape
    settings: dict[str, Any]


class BuiltNet(Net):
    """A network (B, C, H, W) -> (B, classes) that knows what it was built from.

    `spec` are its blocks as records, `settings` what its YAML says, `shape` (C, H, W) of its images, `name` what it is
    called.
    """

    def __init__(self, net: Net, composed: ComposedNetwork):
        super().__init__(net.body, net.head, net.aux)
        self.name, self.spec, self.shape = composed.name, composed.spec, composed.shape
        self.settings = composed.settings

    def features(self, x: Tensor, *names: str) -> dict[str, Tensor]:
        """What blocks of the body put out for images (B, C, H, W), by name: all of them, or those named.

        UserError for a name that the body does not have.
        """
        from cnnlab.blocks.modules import Chain, walk

        assert isinstance(self.body, Chain)
        known = [name for name, _ in self.body.named_children()]
        if unknown := [name for name in names if name not in known]:
            from cnnlab.errors import near

            raise UserError(*(Fault("names", f"there is no block {name!r}{near(name, known)}") for name in unknown))
        return {name: value for name, value in walk(self.body, x) if not names or name in names}

    def summary(self) -> NetworkSummary:
        """Its layers with shapes, parameters and multiply-adds; shown as a table."""
        from cnnlab.network.outline import network_record

        return NetworkSummary(self.name, network_record(self.spec, self.shape), self.spec.classes)

    def extra_repr(self) -> str:
        return f"{self.name} at {dims(self.shape)}, {self.spec.classes} classes"


class NetworkSummary:
    """A layer table: `record` as plain data, as network.json has it; as text, or HTML in a notebook, a table."""

    def __init__(self, name: str, record: dict[str, Any], classes: int):
        self.name, self.record, self.classes = name, record, classes

    def __str__(self) -> str:
        from rich.console import Console

        from cnnlab.cli.tasks.summary import layer_table

        console = Console(width=110, color_system=None)
        with console.capture() as capture:
            console.print(layer_table(self.name, self.record, self.classes, console.width))
            console.print(f"{self.record['params']:,} parameters, {self.record['macs']:,} MACs", highlight=False)
        return capture.get()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from cnnlab.pages.markup import tag
        from cnnlab.pages.tables import table

        rows = [
            [layer["name"], layer["block"], dims(layer["shape"]), f"{layer['params']:,}", f"{layer['macs']:,}"]
            for layer in self.record["layers"]
        ]
        total = f"{self.record['params']:,} parameters, {self.record['macs']:,} MACs"
        headings = ["name", "block", "output", "parameters", "MACs"]
        return str(tag("div", [tag("b", self.name), table(headings, rows), tag("p", total)]))


def build_network(
    model: str | Path | Mapping[str, Any],
    *overrides: str,
    classes: int,
    shape: Sequence[int],
    seed: int = 0,
    weights: str | Path | None = None,
    adapt: Sequence[str] = (),
    plugins: Sequence[str] = (),
    **settings: Any,
) -> BuiltNet:
    """A network for images of `shape` (C, H, W), its weights started from `seed`, on the CPU, in training mode.

    `model` is a name (`resnet18`), the path of a YAML file, or a mapping that says what such a file does. Settings are
    changed by keywords (`norm="none"`, `**{"body.stage3.repeat": 6}`) or by text as on the command line
    (`"body.stage3.repeat=6"`). `weights` and `adapt` are as the settings of those names, `plugins` modules with blocks
    of your own; blocks that a notebook defines are known by themselves.

    Raises UserError with all faults: their paths, what is wrong, what would do.
    """
    composed = compose_network(model, overrides, classes, shape, plugins, settings)
    net = BuiltNet(build(composed.spec, composed.shape, seed), composed)
    if weights is not None:
        _give_weights(net, str(weights), adapt)
    return net


def compose_network(
    model: str | Path | Mapping[str, Any],
    overrides: Sequence[str],
    classes: int,
    shape: Sequence[int] | None,
    plugins: Sequence[str],
    settings: Mapping[str, Any],
) -> ComposedNetwork:
    """A network as `build_network` is told of it; without a shape, for images of 3×224×224, or of its own size.

    UserError with all faults.
    """
    from cnnlab.cli.check import absent, locate
    from cnnlab.config.compose import compose
    from cnnlab.config.run import model_of
    from cnnlab.experiment.memory import unaffordable
    from cnnlab.network.graph import graph
    from cnnlab.network.spec import RESERVED
    from cnnlab.plugins import load_plugins

    if faults := load_plugins(plugins, RESERVED):
        raise UserError(*faults)
    add_defined_kinds()
    sides = _checked_shape(IMAGENET if shape is None else shape, classes)
    own = [word if word.startswith(OUTSIDE) else f"model.{word}" for word in override_words(overrides, settings)]
    with network_option(model) as (folder, option), engine(*([folder] if folder else [])) as hydra:
        words = [f"model={option}", "data=synthetic", f"data.classes={classes}", *own]
        composed = compose(hydra.config_loader, "config", words)
        network, faults = (None, []) if composed.failed else _read(composed.config)
        faults = [*composed.faults, *absent(composed), *faults]
        if network and not faults:
            if shape is None:
                sides = (sides[0], *network.image_size(IMAGENET[1:]))
            paper = graph(network, sides)
            faults = _misfits(network, sides) or [*paper.faults] or unaffordable(paper, copies=1)
        if faults or network is None:
            raise UserError(*dict.fromkeys(locate(fault, composed) for fault in faults))
    name = model if isinstance(model, str) else getattr(model, "stem", "network")
    return ComposedNetwork(str(name), network, sides, model_of(composed.config))


def _read(config: dict[str, Any]) -> tuple[Network | None, list[Fault]]:
    from cnnlab.config.run import model_of, read_model
    from cnnlab.data.sources import sketched

    return read_model(model_of(config), sketched(config.get("data")), own=config.get("model"))


def _checked_shape(shape: Sequence[int], classes: int) -> Shape:
    sides = tuple(shape)
    faults = []
    if len(sides) != 3 or not all(type(side) is int and side > 0 for side in sides):
        faults.append(Fault("shape", f"should be (channels, rows, columns), not {shape!r}"))
    if type(classes) is not int or classes < 1:
        faults.append(Fault("classes", f"should be a whole number from 1 on, not {classes!r}"))
    if faults:
        raise UserError(*faults)
    return sides


def _misfits(network: Network, shape: Shape) -> list[Fault]:
    """Where the command line would resize images, who builds a network has to."""
    channels, *stored = shape
    needed = network.image_size((stored[0], stored[1]))
    if network.min_size is None or tuple(needed) == tuple(stored):
        return []
    message = f"the network needs images of {dims(needed)} at least, resize yours: shape={(channels, *needed)}"
    return [Fault("shape", message)]


def _give_weights(net: BuiltNet, weights: str, adapt: Sequence[str]) -> None:
    """Put weights into a network. UserError where they are not there, or do not fit."""
    from cnnlab.weights.reading import read_weights
    from cnnlab.weights.source import locate
    from cnnlab.weights.transfer import transfer

    transferred = transfer(read_weights(locate(weights)), net.state_dict(), tuple(adapt))
    if transferred.faults:
        raise UserError(*transferred.faults)
    transferred.apply(net)
