"""Whether the run in a folder can be gone on with, and what to say where it is another one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from cnnlab import dotted
from cnnlab.config.table import affects_result
from cnnlab.data.content import Content, difference
from cnnlab.data.source import Source
from cnnlab.errors import Fault, UserError
from cnnlab.experiment.code_digest import code_digest
from cnnlab.tracking.lock import KEY
from cnnlab.tracking.reader import RunFolder
from cnnlab.yaml_form import one_line


def data_difference(run: RunFolder, source: Source, content: Content) -> str:
    """How the images differ from those that the run in a folder was given; empty where they do not."""
    earlier = run.facts.get("data_digest")
    return difference(source, content, earlier) if isinstance(earlier, str) else ""


MOST = 4
"""settings that are told of two runs that differ"""


def run_difference(
    run: RunFolder, config: Mapping[str, Any], model: str | None, source: Source, content: Content
) -> str:
    """In what the run in a folder is another one than that of `config` and `model`; empty where nothing tells.

    Of another network its name says enough: settings of blocks that both do not have are no list to read.
    """
    named = (run.facts.get("model"), model)
    networks = [f"model {named[0]} → {named[1]}"] if None not in named and named[0] != named[1] else []
    old, new = dotted.flat(run.config), dotted.flat(config)
    keys = (key for key in dict.fromkeys([*new, *old]) if old.get(key) != new.get(key) and affects_result(key))
    changed = [
        f"{key} {' → '.join(one_line(side[key]) if key in side else 'not set' for side in (old, new))}"
        for key in keys
        if key != "data.dir" and not (networks and dotted.within(key, "model"))
    ]
    changed = [*networks, *changed]
    more = [f"{len(changed) - MOST} more"] if len(changed) > MOST else []
    images = data_difference(run, source, content)
    return "; ".join([*([", ".join([*changed[:MOST], *more])] if changed else []), *([images] if images else [])])


def made_by_other_code(run: RunFolder) -> bool:
    """Whether the run's numbers, as far as there are any, come from other code than this; older records do not say."""
    return run.facts.get("code") not in (None, code_digest())


def code_facts(run: RunFolder, accept: Collection[str]) -> dict[str, Any]:
    """What to write down of the code of a run that begins, or goes on, in a folder.

    UserError where it was begun by other code, unless that is accepted.
    """
    now, earlier = code_digest(), _earlier_codes(run)
    if made_by_other_code(run) and "code" not in accept:
        message = (
            f"{run.folder} was begun by other code of cnnlab ({earlier[-1]}, this is {now}), and its numbers would be "
            f"of both; accept=code goes on with it all the same, {KEY}=FOLDER begins anew in another folder"
        )
        raise UserError(Fault(KEY, message))
    before = [code for code in earlier if code != now]
    return {"code": now, **({"accepted": {"code": before}} if before else {})}


def _earlier_codes(run: RunFolder) -> list[str]:
    accepted = run.facts.get("accepted")
    before = accepted.get("code") if isinstance(accepted, dict) else None
    codes = [*(before if isinstance(before, list) else ()), run.facts.get("code")]
    return list(dict.fromkeys(code for code in codes if isinstance(code, str)))
