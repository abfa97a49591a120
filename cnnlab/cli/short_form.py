"""Commands written as other programs have them: `cnnlab new mine from=resnet18` for `task=new name=mine from=…`."""

from __future__ import annotations

from collections.abc import Collection, Sequence

NAMED = ("new", "eject")
"""tasks whose next bare word is their `name`"""


def long_form(words: Sequence[str], tasks: Collection[str]) -> list[str]:
    """Overrides for a task that stands first and bare, and for the bare word behind one that takes a name.

    >>> long_form(["new", "mine", "from=resnet18"], NAMED)
    ['task=new', 'name=mine', 'from=resnet18']
    >>> long_form(["summary", "model=lenet"], ["summary"])
    ['task=summary', 'model=lenet']
    >>> long_form(["resnet18"], NAMED)
    ['resnet18']
    """
    if not words or words[0] not in tasks:
        return list(words)
    task, *rest = words
    if task in NAMED and rest and "=" not in rest[0]:
        rest[0] = f"name={rest[0]}"
    return [f"task={task}", *rest]
