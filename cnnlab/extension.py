"""Classes that plugins may derive from and that are no records of settings: tasks of the command line."""

from __future__ import annotations

from collections.abc import Iterator


class Extension:
    """Base of such classes. It is light: `--help` lists tasks before pydantic is there."""

    @classmethod
    def flaws(cls) -> Iterator[str]:
        """What is wrong with a class of a plugin, each with its line."""
        yield from ()

    @classmethod
    def bring(cls) -> None:
        """Add the class to what there is."""
        raise NotImplementedError
