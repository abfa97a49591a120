"""What runs measure: the keys they are recorded under, and what they measure besides where `metrics=` asks for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BeforeValidator, GetJsonSchemaHandler

from cnnlab import registry
from cnnlab.errors import meant
from cnnlab.metrics.gap import Gap
from cnnlab.metrics.gradients import Gradients
from cnnlab.metrics.keys import KeyInfo
from cnnlab.metrics.metric import Metric
from cnnlab.metrics.shift import ShiftConsistency
from cnnlab.registry import kind_of
from cnnlab.settings import shown

METRICS = Metric.registry.ship(ShiftConsistency, Gap, Gradients)
SHIPPED: tuple[Metric, ...] = (ShiftConsistency(), Gap(), Gradients())


class Listed:
    """Says in JSON Schema what such a list may hold: the kinds that there are when the schema is written."""

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        word = {"enum": list(METRICS)}
        return {"anyOf": [word, {"type": "array", "items": {"anyOf": [word, {"type": "object"}]}}]}


Metrics = Annotated[tuple[Metric, ...], BeforeValidator(lambda raw: _validated(raw)), Listed()]
"""what to measure: a word, or a list of words and of mappings with a `kind` and its settings"""


def plain(metrics: Iterable[Metric]) -> list[str | dict[str, Any]]:
    """As YAML has them: a word where no setting differs from its default."""
    return [_plain(metric) for metric in metrics]


def _plain(metric: Metric) -> str | dict[str, Any]:
    settings = metric.model_dump(mode="json", exclude_defaults=True, exclude={"kind"})
    return {"kind": kind_of(type(metric)), **settings} if settings else kind_of(type(metric))


def described(metrics: Iterable[Metric]) -> dict[str, KeyInfo]:
    """What metrics of plugins record. It is kept in the record, so that a report needs none of their code."""
    own = [metric for metric in metrics if not type(metric).__module__.startswith(registry.SHIPPED)]
    return {key: info for metric in own for key, info in metric.keys().items()}


def names(raw: Iterable[Any]) -> list[str]:
    """The kinds that a list of metrics names, each a word or a mapping with a `kind`."""
    return [str(metric.get("kind")) if isinstance(metric, dict) else str(metric) for metric in raw]


def _validated(raw: Any) -> tuple[Metric, ...]:
    """The records. ValueError with all that is wrong with them."""
    several = [raw] if isinstance(raw, str | dict) else list(raw) if isinstance(raw, list | tuple) else None
    if several is None:
        raise ValueError(f"should be a word or a list of words, not {shown(raw)}")
    metrics, wrong = [], []
    for entry in several:
        if isinstance(entry, Metric):
            metrics.append(entry)
        elif isinstance(entry, dict):
            metric, faults = METRICS.read(entry, "metrics")
            metrics.append(metric)
            wrong += [f"{fault.path.removeprefix('metrics.')}: {fault.message}" for fault in faults]
        elif isinstance(entry, str) and entry in METRICS:
            metric, faults = METRICS.read({"kind": entry}, "metrics")
            metrics.append(metric)
            wrong += [f"{entry} needs {fault.path.rpartition('.')[2]}; write {{kind: {entry}, …}}" for fault in faults]
        else:
            guess = meant(entry, list(METRICS))
            hint = f"; did you mean {guess!r}?" if guess else ""
            wrong.append(f"should be one of {', '.join(METRICS)}, not {shown(entry)}{hint}")
    if wrong:
        raise ValueError("; ".join(wrong))
    return tuple(metrics)
