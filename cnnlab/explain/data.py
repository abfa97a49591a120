"""The answer to a key as plain data."""

from __future__ import annotations

from typing import Any

from cnnlab.config.table import affects_result, may_differ, names_arm
from cnnlab.explain import find
from cnnlab.explain.answer import Answer
from cnnlab.explain.described import described
from cnnlab.explain.explained_setting import Configuration, block_settings, placement_settings, use_parameters
from cnnlab.explain.formulas import Working
from cnnlab.explain.instead import choices, instead
from cnnlab.explain.pieces import BlockCopy, ExplainedNetwork, Section
from cnnlab.explain.words import doc_of, source_of
from cnnlab.yaml_form import short_form


def record(answer: Answer) -> dict[str, Any]:
    """What there is to be said, as plain data."""
    match answer.subject:
        case ExplainedNetwork():
            every = [piece for section in answer.whole.sections for piece in section.pieces]
            counts = {key: value for key, value in answer.whole.graph.record().items() if key != "layers"}
            return {"network": answer.name, **counts, "blocks": [_piece(piece, answer.conf) for piece in every]}
        case Section(path=path, stages=_):
            return {"section": path, "blocks": [_piece(piece, answer.conf) for piece in answer.subject.pieces]}
        case find.BlockSubject(path=path, pieces=pieces):
            return {"key": path, "blocks": [_piece(piece, answer.conf) for piece in pieces]}
        case find.InnerSteps(path=path, piece=piece, workings=workings):
            return {"key": path, "block": piece.path, "steps": [_step(w) for w in workings]}
        case find.BlockSetting(path=path, name=name, piece=piece):
            tried = [{"value": value, "makes": makes} for value, makes in instead(piece, name)]
            return {
                "key": path,
                **answer.explained(answer.subject).record(),
                "choices": choices(answer.subject),
                "block": _piece(piece, answer.conf),
                "instead": tried,
            }
        case find.CompositeParameter(path=path, name=name, piece=piece):
            every = [setting for use in piece.uses for setting in use_parameters(use, answer.conf)]
            return {"key": path, **next(setting for setting in every if setting.name == name).record()}
        case find.OtherSetting(path=path, value=value, doc=doc):
            places = [{"value": place.value, "where": str(place)} for place in answer.conf.places(path)]
            depends = {
                "affects_result": affects_result(path),
                "names_arm": names_arm(path),
                "may_differ": may_differ(path),
            }
            return {"key": path, "value": short_form(value), "doc": doc, "where": places, **depends}
        case find.CompositeDefinition(path=path, made=made):
            return {"key": path, "where": answer.conf.where(path), "params": dict(made.params), "is": dict(made.root)}


def _piece(piece: BlockCopy, conf: Configuration) -> dict[str, Any]:
    trace = piece.trace
    uses = [
        {
            "kind": use.kind,
            "where": conf.where(use.path),
            "params": [parameter.record() for parameter in use_parameters(use, conf)],
        }
        for use in piece.uses
    ]
    cls = type(piece.block)
    return {
        "name": piece.path,
        "block": piece.kind,
        "doc": doc_of(cls),
        "source": source_of(cls),
        **({"defined": uses} if uses else {}),
        "place": [setting.record() for setting in placement_settings(piece, conf)],
        "settings": [setting.record() for setting in block_settings(piece, conf)],
        "input": list(piece.input),
        "output": list(trace.shape),
        "params": trace.params,
        "macs": trace.macs,
        "receptive_field": list(piece.field.size),
        "steps": [_step(working) for working in piece.workings],
        "unused": [list(shape) for shape in piece.trace.idle],
    }


def _step(working: Working) -> dict[str, Any]:
    step = working.step
    lines = [
        {"what": line.what, "working": line.worked.text, "value": _plain(line.worked.value), "measured": line.measured}
        for line in working.lines
    ]
    return {
        "name": step.path,
        "layer": step.name,
        "does": described(step),
        "input": [list(shape) for shape in step.inputs],
        "output": list(step.shape),
        "params": sum(_plain(line.worked.value) for line in working.lines if line.what == "parameters"),
        "macs": step.macs,
        "lines": lines,
    }


def _plain(value: Any) -> int | float:
    return int(value) if value.denominator == 1 else float(value)
