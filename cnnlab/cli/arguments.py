"""The command line as the user typed it, and as Hydra can read it."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass, field

from cnnlab.errors import Fault, UserError, near

FREE_TEXT = ("ckpt_path", "images", "name", "data.dir", "hydra.run.dir", "hydra.sweep.dir")
"""settings that are free text to their user, but to Hydra's grammar full of operators"""


@dataclass
class Arguments:
    """What was asked for."""

    help: bool = False
    multirun: bool = False
    info: list[str] = field(default_factory=list)
    """Hydra's own flags that show something and train nothing: --cfg, --info, …"""
    where: list[str] = field(default_factory=list)
    """Hydra's flags that say where configuration lies: --config-dir, --config-name, --config-path"""
    overrides: list[str] = field(default_factory=list)

    def value(self, key: str) -> str | None:
        """The value of the last override of `key`, as typed."""
        values = [text.partition("=")[2] for text in self.overrides if text.partition("=")[0] == key]
        return values[-1] if values else None


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        raise UserError(Fault("", f"command line: {message}"))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(add_help=False, allow_abbrev=False)
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("-m", "--multirun", action="store_true")
    for flags in (("--resolve",), ("--hydra-help",), ("--version",), ("-sc", "--shell-completion")):
        parser.add_argument(*flags, action="store_true")
    parser.add_argument("-c", "--cfg", choices=("job", "hydra", "all"))
    parser.add_argument("-p", "--package")
    parser.add_argument("-i", "--info", nargs="?", const="all", choices=("all", "config", "defaults", "defaults-tree", "plugins", "searchpath"))  # fmt: skip
    parser.add_argument("-cp", "--config-path")
    parser.add_argument("-cn", "--config-name")
    parser.add_argument("-cd", "--config-dir")
    parser.add_argument("overrides", nargs="*")
    return parser


def read_arguments(argv: list[str]) -> Arguments:
    """Read `argv`; flags may stand anywhere. Raises UserError for a flag that does not exist."""
    parser = _parser()
    known, unknown = parser.parse_known_args([_shielded(word) for word in argv])
    overrides = [word.removeprefix(_SHIELD) for word in [*known.overrides, *unknown] if not _is_flag(word)]
    flags = [flag for action in parser._actions for flag in action.option_strings]
    if strange := [word for word in unknown if _is_flag(word)]:
        raise UserError(*(Fault("", f"command line: there is no option {w}{near(w, flags)}") for w in strange))
    info = [f"--{name.replace('_', '-')}" for name in ("resolve", "hydra_help", "version", "shell_completion") if getattr(known, name)]
    info += [f"--{name}={getattr(known, name)}" for name in ("cfg", "package", "info") if getattr(known, name)]
    where = [
        f"--{name.replace('_', '-')}={getattr(known, name)}"
        for name in ("config_path", "config_name", "config_dir")
        if getattr(known, name)
    ]
    # in the order typed: of two overrides of one key the last one counts
    typed = {word: i for i, word in enumerate(argv)}
    overrides.sort(key=lambda word: typed.get(word, 0))
    return Arguments(known.help, known.multirun, info, where, [plain_words(word) for word in overrides])


_SHIELD = "\0"


def _shielded(word: str) -> str:
    """An override whose value begins with a dash is no flag."""
    return word if _is_flag(word) else _SHIELD + word


def _is_flag(word: str) -> bool:
    return word.startswith("-") and "=" not in word.partition(" ")[0].lstrip("-").partition(".")[0] or word.startswith("--")


def plain_words(text: str) -> str:
    """An override as typed, made into one that Hydra takes.

    Free text is quoted; `~block` becomes `block=null`, which Hydra does not check against the default network;
    a needless `+` is made harmless.

    >>> plain_words("ckpt_path=out/a=b (1)")
    "ckpt_path='out/a=b (1)'"
    >>> plain_words("~model.body.c3"), plain_words("+model.norm=none")
    ('model.body.c3=null', '++model.norm=none')
    """
    if match := re.fullmatch(r"~(model\.[\w.]+)", text):
        return f"{match[1]}=null"
    if re.match(r"\+[a-z_]+(\.[\w.]+)=", text):
        text = f"+{text}"
    key, equals, value = text.partition("=")
    if equals and key.lstrip("+") in FREE_TEXT and value not in ("null", "") and not _quoted(value):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'") if "'" in value else value
        return f"{key}='{escaped}'"
    return text


def _quoted(value: str) -> bool:
    return len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
