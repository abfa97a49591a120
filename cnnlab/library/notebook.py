"""Blocks and other kinds that are defined where the user types: in a notebook, or in the script that is run."""

from __future__ import annotations

import sys

from cnnlab.errors import UserError
from cnnlab.network.spec import RESERVED
from cnnlab.plugins import MAIN, forget_main, load_plugins


def add_defined_kinds() -> None:
    """Add the classes of `__main__` to the kinds there are, in the place of their earlier definitions.

    UserError for what is wrong with them.
    """
    forget_main()
    if main_kinds() and (faults := load_plugins([MAIN], RESERVED)):
        raise UserError(*faults)


def main_kinds() -> list[str]:
    """The names of the kinds that `__main__` defines."""
    from cnnlab.plugins import own_kinds
    from cnnlab.registry import kind_of

    return [kind_of(cls) for cls in own_kinds(vars(sys.modules[MAIN]).values()) if cls.__module__ == MAIN]
