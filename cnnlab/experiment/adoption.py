"""Whether the run in a folder can be gone on with, and what to say where it is another one."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from cnnlab.data.content import Content, difference
from cnnlab.data.source import Source
from cnnlab.errors import Fault, UserError
from cnnlab.experiment.code_digest import code_digest
from cnnlab.tracking.lock import KEY
from cnnlab.tracking.reader import RunFolder


def data_difference(run: RunFolder, source: Source, content: Content) -> str:
    """How the images differ from those that the run in a folder was given; empty where they do not."""
    earlier = run.facts.get("data_digest")
    return difference(source, content, earlier) if isinstance(earlier, str) else ""


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
