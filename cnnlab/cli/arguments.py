"""The command line as the user typed it, and as Hydra can read it."""

from __future__ import annotations

import argparse
import os
import re
import sys
from dataclasses import dataclass, field, replace

from cnnlab.cli.short_form import long_form
from cnnlab.cli.tasks import SHIPPED
from cnnlab.errors import Fault, UserError, near
from cnnlab.origin import COMMAND_LINE
from cnnlab.override import Override, last_value
from cnnlab.untrusted.nodes import is_text
from cnnlab.untrusted.words import word as shown

NESTED = re.compile(r"""\$\{[^'"]*\$\{[^'"]*\}[^'"]*\}""")
"""a ${…} within a ${…}, which Hydra reads in quotes only"""

LONGEST = 20_000
"""characters of one word of a command"""

FREE_TEXT = (
    *("ckpt_path", "weights", "images", "name", "from", "dir", "key", "against"),
    *("data.dir", "hydra.run.dir", "hydra.sweep.dir"),
)
"""settings that are free text to their user, but to Hydra's grammar full of operators"""

UTF8_MODE = "PYTHONUTF8=1 before the command, or a locale such as LC_ALL=C.UTF-8, lets it"


@dataclass
class Arguments:
    """What was asked for. All but `overrides` are flags, Hydra's but for `help` and `version`."""

    help: bool = False
    version: bool = False
    multirun: bool = False
    cfg: str | None = None
    package: str | None = None
    resolve: bool = False
    info: str | None = None
    hydra_help: bool = False
    completion: bool = False
    config_path: str | None = None
    config_name: str = "config"
    config_dir: str | None = None
    overrides: list[str] = field(default_factory=list)

    @property
    def shows(self) -> bool:
        """Whether something is to be shown and nothing run."""
        return bool(self.cfg or self.info or self.hydra_help)

    @property
    def typed(self) -> list[str]:
        """The command's words without the quotes that free text was given for Hydra.

        >>> read_arguments(["-m", "seed=0,1", "hydra.sweep.dir=out/a=b"]).typed
        ['-m', 'seed=0,1', 'hydra.sweep.dir=out/a=b']
        """
        overrides = [Override.read(word) for word in self.overrides]
        free = [
            override.sign == "" and override.key in FREE_TEXT and override.value is not None for override in overrides
        ]
        words = [
            f"{override.key}={unquoted(override.value or '')}" if is_free else str(override)
            for override, is_free in zip(overrides, free, strict=True)
        ]
        return [*(["-m"] if self.multirun else []), *words]

    def value(self, key: str) -> str | None:
        """The value of the last override of `key`, without the quotes around it."""
        value = last_value((word for word in self.overrides if not word.startswith("~")), key)
        return None if value is None else unquoted(value)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        raise UserError(Fault("", message, origin=COMMAND_LINE))


def _parser() -> _Parser:
    parser = _Parser(add_help=False, allow_abbrev=False)
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("-V", "--version", action="store_true")
    parser.add_argument("-m", "--multirun", action="store_true")
    parser.add_argument("-c", "--cfg", choices=("job", "hydra", "all"))
    parser.add_argument("-p", "--package")
    parser.add_argument("--resolve", action="store_true")
    about = ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath")
    parser.add_argument("-i", "--info", nargs="?", const="all", choices=about)
    parser.add_argument("--hydra-help", action="store_true")
    parser.add_argument("-sc", "--shell-completion", action="store_true", dest="completion")
    parser.add_argument("-cp", "--config-path")
    parser.add_argument("-cn", "--config-name", default="config")
    parser.add_argument("-cd", "--config-dir")
    return parser


def read_arguments(argv: list[str]) -> Arguments:
    """Read `argv`; flags may stand anywhere. Raises UserError for a flag that does not exist."""
    if broken := [f"{_readable(text)} {problem}" for text in argv if (problem := _unreadable(text))]:
        raise UserError(*(Fault("", message, origin=COMMAND_LINE) for message in broken))
    parser = _parser()
    known, rest = parser.parse_known_args(argv)
    if strange := [word for word in rest if word.startswith("-")]:
        flags = [flag for action in parser._actions for flag in action.option_strings]
        problem = (f"there is no option {_option(word, flags)}" for word in strange)
        raise UserError(*(Fault("", message, origin=COMMAND_LINE) for message in problem))
    words = long_form(rejoined(rest), SHIPPED)
    return Arguments(**vars(known), overrides=[plain_words(text, known.multirun) for text in words])


def _unreadable(text: str) -> str:
    """Why a word cannot be taken; nothing where it can."""
    if len(text) > LONGEST:
        return f"has more than {LONGEST:,} characters"
    if is_text(text):
        return ""
    if _decoded(text) is None:
        return "is not UTF-8 text"
    encoding = sys.getfilesystemencoding()
    return f"has characters that Python cannot read here: it takes words and files' names for {encoding}; {UTF8_MODE}"


def _decoded(text: str) -> str | None:
    """A word as it was typed, where Python has taken its bytes for another encoding than UTF-8."""
    try:
        return os.fsencode(text).decode()
    except UnicodeError:
        return None


def _readable(text: str) -> str:
    return shown(_decoded(text) or text)


def _option(word: str, flags: list[str]) -> str:
    name, equals, _ = word.partition("=")
    setting = word.lstrip("-")
    return f"{name}; a setting has no dashes: {setting}" if equals and setting else f"{name}{near(name, flags)}"


def rejoined(words: list[str]) -> list[str]:
    """Words with those put together again that a shell split at the spaces inside brackets; blank ones left out.

    >>> rejoined(["model.norm={kind:", "group,", "groups:", "2}", "seed=1"])
    ['model.norm={kind: group, groups: 2}', 'seed=1']
    """
    joined: list[str] = []
    for word in words:
        if joined and _open(joined[-1]) and not re.match(r"[~+]*[\w.@/]+=", word):
            joined[-1] += f" {word}"
        elif word.strip():
            joined.append(word)
    return joined


def _open(text: str) -> bool:
    override = Override.read(text)
    value = override.value or ""
    return override.key not in FREE_TEXT and sum(map(value.count, "{[(")) > sum(map(value.count, "}])"))


def plain_words(text: str, multirun: bool = False) -> str:
    """An override as typed, made into one that Hydra takes.

    Free text is quoted, in a sweep over weights each one's by itself; `~block` becomes `block=null`, which Hydra does
    not check against the default network; a needless `+` is left out.

    >>> plain_words("ckpt_path=out/a=b (1)")
    "ckpt_path='out/a=b (1)'"
    >>> plain_words("~model.body.c3"), plain_words("+model.norm=none")
    ('model.body.c3=null', 'model.norm=none')
    >>> plain_words("weights=null,a b.pth", multirun=True)
    "weights=null,'a b.pth'"
    """
    if match := re.fullmatch(r"~(model\.[\w.]+)", text):
        return f"{match[1]}=null"
    override = Override.read(text)
    value = override.value
    if value is None:
        return text
    sign = "" if set(override.sign) == {"+"} and _needs_no_plus(override.key) else override.sign
    if NESTED.fullmatch(value):
        value = f'"{value}"'
    if "~" not in sign and override.key in FREE_TEXT and value not in ("null", "") and not _is_quoted(value):
        swept = value.split(",") if multirun and not sign and override.key == "weights" else [value]
        value = ",".join(part if part == "null" else quoted(part) for part in swept)
    return str(replace(override, sign=sign, value=value))


def _needs_no_plus(key: str) -> bool:
    """Whether a file spells the setting, or it stands in a group that is open to all."""
    from cnnlab.config import GROUPS
    from cnnlab.config.top import Top
    from cnnlab.settings import names

    return not key.startswith("hydra") and ("." in key or key in (*GROUPS, "debug", *names(Top)))


def _is_quoted(value: str) -> bool:
    return len(value) > 1 and value[0] == value[-1] and value[0] in "'\""


def quoted(value: str) -> str:
    """Text as Hydra reads it back. Its grammar doubles a backslash only before a quote.

    >>> print(quoted("it's"), quoted("a/b=c"))
    'it\\'s' 'a/b=c'
    """
    return "'" + re.sub(r"(\\*)('|$)", lambda m: m[1] * 2 + ("\\'" if m[2] else ""), value) + "'"


def unquoted(value: str) -> str:
    """
    >>> unquoted("'out/a (1)'"), unquoted("out/a")
    ('out/a (1)', 'out/a')
    """
    if not _is_quoted(value):
        return value
    mark = value[0]
    return re.sub(rf"(\\+)({mark}|$)", lambda m: m[1][: len(m[1]) // 2] + m[2], value[1:-1])
