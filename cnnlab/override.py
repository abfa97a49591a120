"""Overrides: words of a command line that change a setting."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Override:
    """`key=value`, `+key=value` where no file has the key, or `~key`, which takes it away. Nothing is unquoted.

    >>> Override.read("model.norm=none"), Override.read("~model.body.c1")
    (Override(key='model.norm', value='none', sign=''), Override(key='model.body.c1', value=None, sign='~'))
    >>> str(Override.read("+x=a=b"))
    '+x=a=b'
    """

    key: str
    """a setting's dotted path, or a group, maybe with where its file goes: `model@other`"""
    value: str | None = None
    """as it is typed; None where the word has no `=`"""
    sign: str = ""
    """what stands before the key, of `+` and `~`"""

    @classmethod
    def read(cls, word: str) -> Override:
        """Any word at all: a word that is no override has a key that no setting has."""
        typed, equals, value = word.partition("=")
        key = typed.lstrip("+~")
        return cls(key, value if equals else None, typed[: len(typed) - len(key)])

    def __str__(self) -> str:
        return f"{self.sign}{self.key}" + ("" if self.value is None else f"={self.value}")

    @property
    def setting(self) -> str:
        """The key without the place that a group's file goes to."""
        return self.key.partition("@")[0]

    @property
    def path(self) -> str:
        """The dotted path of the setting, or of the group: `hydra/launcher=x` is about hydra.launcher."""
        return self.setting.replace("/", ".")

    @property
    def top(self) -> str:
        """The first name of the key: a setting outside of the groups, or a group."""
        return re.split(r"[./@]", self.key, maxsplit=1)[0]


def for_shell(word: str) -> str:
    """An override as it is typed in a shell.

    >>> for_shell("model.head.flat={block: global_avg_pool}")
    "'model.head.flat={block: global_avg_pool}'"
    """
    return f"'{word}'" if any(mark in word for mark in " {[") else word


def keys(words: Iterable[str]) -> set[str]:
    """The keys that a command line's words set."""
    return {Override.read(word).key for word in words}


def last_value(words: Iterable[str], key: str) -> str | None:
    """What the last word that sets `key` says; None where none does."""
    values = [override.value for override in map(Override.read, words) if override.key == key]
    return values[-1] if values else None
