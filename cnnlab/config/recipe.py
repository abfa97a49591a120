"""Check of YAML files that a stranger may have written: they hold settings, and nothing that acts.

A recipe is any file of a group (a network, data, a study …), and whatever --config-dir brings. The project's own
configuration, the files right in its folder and those of its `hydra/`, may do what Hydra lets it do.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml

from cnnlab.config import GLOBAL_GROUPS
from cnnlab.errors import Fault
from cnnlab.origin import Origin

TARGETS = ("callbacks",)
"""groups in which a class may be named (`_target_`); which classes, the reader of each group says"""
REFERENCES = 20
"""${…} in one file: each could double what the one before it made"""
REFERENCE = re.compile(r"\$\{\.*[A-Za-z][\w-]*(\.[\w-]+)*\}")
"""to a setting, by its path, from the top or (with dots before it) from where it stands"""
FUNCTION = re.compile(r"\$\{\s*([\w.]+)\s*:")

HYDRA = "hydra: only the project's own config.yaml and the command line may set up Hydra itself"
PLUGINS = "plugins: only the command line and your own config.yaml name plugins"

MISSING = "???"
"""what OmegaConf takes for a value that is missing, in quotes too"""
NO_VALUE = f"{MISSING} stands for a value that is missing, in quotes too; write another text, or null"

WORDS = {"yes": "true", "on": "true", "no": "false", "off": "false"}
"""that YAML 1.1 reads as truth values, and YAML 1.2 as words"""


@dataclass(frozen=True)
class FileKind:
    """Where a file of the configuration lies, and whose it is."""

    group: str
    """the folder that it lies in; none for files above the groups"""
    own: bool
    """whether it is the project's own configuration"""


@dataclass(frozen=True)
class FileFinding:
    """Something wrong, and the node that it is about; None: the first line."""

    node: yaml.Node | None
    message: str
    path: tuple[str, ...] = ()
    """of the value, or the name, within the file"""
    origin: Origin | None = None
    is_name: bool = False
    """whether the node is a name, and not a value"""

    @property
    def fault(self) -> Fault:
        return Fault("", self.message, origin=self.origin)


def refusals(root: yaml.MappingNode | None, header: Mapping[str, str | None], kind: FileKind) -> Iterator[FileFinding]:
    """The reasons why a file can be no piece of a configuration."""
    yield from _misshapen_defaults(root)
    if kind.own:
        return
    everywhere = kind.group in ("", *GLOBAL_GROUPS) or header.get("package") == "_global_"
    if kind.group == "hydra":
        yield FileFinding(None, HYDRA)
        return
    yield from _header_findings(header.get("package"), kind)
    count = 0
    for path, key, value in walk(root):
        name = key.value if isinstance(key, yaml.ScalarNode) else ""
        if len(path) == 1 and everywhere and name in ("hydra", "plugins"):
            yield FileFinding(key, HYDRA if name == "hydra" else PLUGINS)
        elif len(path) == 1 and everywhere and kind.group and _is_for_command_line(name):
            yield FileFinding(key, f"{name}: what is to be done, and with what, is for the command line to say")
        if key is not None and key.tag.endswith(":merge"):
            yield FileFinding(key, "<<: write out what it would bring in; a file says everything where it stands")
        if name.startswith("_") and not _may_name_class(path if everywhere else (kind.group, *path)):
            yield FileFinding(key, _underscore_message(name))
        if path == ("defaults",):
            yield from _defaults_findings(value)
        for node in (key, value):
            if isinstance(node, yaml.ScalarNode) and "${" in node.value:
                count += 1 + node.value.count("${")
                if message := reference_fault(node.value):
                    yield FileFinding(node, message)
    if count > 2 * REFERENCES:
        yield FileFinding(None, f"has more than {REFERENCES} references (${{…}}) to other settings")


def _is_for_command_line(name: str) -> bool:
    from cnnlab.config.table import traits  # brings pydantic and all records, which most files do without

    return traits(name).set_in == "command line"


def walk(root: yaml.Node | None) -> Iterator[tuple[tuple[str, ...], yaml.Node | None, yaml.Node]]:
    """Every value with its path, and the node of its name; those of lists have none."""
    waiting: list[tuple[tuple[str, ...], yaml.Node]] = [((), root)] if root else []
    while waiting:
        path, node = waiting.pop(0)
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                inner = (*path, str(key.value))
                yield inner, key, value
                waiting.append((inner, value))
        elif isinstance(node, yaml.SequenceNode):
            for value in node.value:
                yield path, None, value
                waiting.append((path, value))


def _header_findings(package: str | None, kind: FileKind) -> Iterator[FileFinding]:
    if package is None or package == "_group_" or package.split(".")[0] == kind.group != "":
        return
    if package.split(".")[0] == "hydra":
        yield FileFinding(None, HYDRA)
    elif kind.group not in ("", *GLOBAL_GROUPS) or not re.fullmatch(r"_global_|[a-z][\w.]*", package):
        yield FileFinding(
            None, f"@package {package}: a file of {kind.group}/ sets {kind.group} alone; leave that line out"
        )


def _may_name_class(path: tuple[str, ...]) -> bool:
    """Whether it is where a class may be named."""
    return len(path) == 3 and path[0] in TARGETS and path[2] == "_target_"


def _underscore_message(name: str) -> str:
    if name == "_target_":
        return f"_target_: a file makes no objects; only {' and '.join(TARGETS)} name classes"
    return f"{name}: names that begin with _ are Hydra's own"


def _misshapen_defaults(root: yaml.MappingNode | None) -> Iterator[FileFinding]:
    """Findings on `defaults` that list no files, or one of them twice."""
    for key, value in root.value if root else ():
        if key.value != "defaults":
            continue
        if not isinstance(value, yaml.SequenceNode):
            yield FileFinding(key, "defaults: should be a list of files, as in [lenet, _self_]")
            continue
        seen: dict[str, int] = {}
        for entry in value.value:
            words = _default_words(entry)
            if words is None:
                yield FileFinding(entry, "defaults: should list files, each as NAME or as GROUP: NAME")
                continue
            seen[words] = seen.get(words, 0) + 1
            if seen[words] == 2:
                yield FileFinding(entry, f"defaults: lists {words} twice")


def _default_words(entry: yaml.Node) -> str | None:
    """An entry of `defaults` as text; None for what is no name of files."""
    if isinstance(entry, yaml.ScalarNode):
        return entry.value if entry.tag.endswith(":str") else None
    if not isinstance(entry, yaml.MappingNode) or len(entry.value) != 1:
        return None
    ((group, chosen),) = entry.value
    if not isinstance(group, yaml.ScalarNode):
        return None
    if isinstance(chosen, yaml.SequenceNode):
        names = [name.value for name in chosen.value if isinstance(name, yaml.ScalarNode)]
        return f"{group.value}: [{', '.join(names)}]" if len(names) == len(chosen.value) else None
    is_name = isinstance(chosen, yaml.ScalarNode) and chosen.tag.rpartition(":")[2] in ("str", "null")
    return f"{group.value}: {chosen.value}" if is_name else None


def _defaults_findings(value: yaml.Node) -> Iterator[FileFinding]:
    for entry in value.value if isinstance(value, yaml.SequenceNode) else ():
        pairs = entry.value if isinstance(entry, yaml.MappingNode) else [(entry, entry)]
        for key, file in pairs:
            files = file.value if isinstance(file, yaml.SequenceNode) else [file]
            listed, chosen = str(key.value), ", ".join(str(one.value) for one in files)
            group = listed.split(" ")[-1].lstrip("/").split("/")[0].split("@")[0]
            if group == "hydra" or re.search(r"@\s*hydra\b", listed):
                yield FileFinding(key, HYDRA)
            if ".." in re.split(r"[/\\]", f"{listed}/{chosen}") or chosen.startswith("~"):
                yield FileFinding(key, f"{chosen} lies outside the configuration; list its own files")


def reference_fault(text: str) -> str | None:
    """Message on the ${…} in a recipe's text; None where nothing is wrong with them."""
    left = REFERENCE.sub("", text)
    if "${" not in left and not re.search(r"\$\{\.*hydra\b", text):
        return None
    if function := FUNCTION.search(text):
        message = f"${{{function[1]}:…}}: a file refers to settings alone, as in ${{optimizer.lr}}"
        return f"{message}; what {function[1]} gives is for the command line, or your own config.yaml"
    return "a ${…} that is not the path of a setting, as in ${optimizer.lr}"


def odd_names(root: yaml.Node) -> Iterator[FileFinding]:
    """Findings on names that YAML does not read as text; as text they are read all the same."""
    for path, key, _ in walk(root):
        if key is not None and (kind := key.tag.rpartition(":")[2]) not in ("str", "merge", "value"):
            word = f"{key.value!r}, which YAML reads as {kind}," if key.value else "an empty name"
            yield FileFinding(key, f"{word} cannot be a name; put it in quotes, or write another", path, is_name=True)


def ambiguous_values(root: yaml.Node) -> Iterator[FileFinding]:
    """Findings on values that are not what they look like: YAML 1.1, which is read here, and 1.2 disagree on them."""
    for path, _, value in walk(root):
        if not isinstance(value, yaml.ScalarNode):
            continue
        if value.value == MISSING and path[:1] != ("defaults",):
            yield FileFinding(value, f"{path[-1]}: {NO_VALUE}", path)
        elif value.style is None and (message := ambiguity(value)):
            yield FileFinding(value, message, path)


def ambiguity(node: yaml.ScalarNode) -> str | None:
    """Message on a value that YAML 1.1 and 1.2 read as two things; None for any other.

    >>> ambiguity(yaml.compose("010")), ambiguity(yaml.compose("12:30"))  # doctest: +NORMALIZE_WHITESPACE
    ("010 is read as 8, in base 8; write 8, or '010' in quotes",
     "12:30 is read as 750, in base 60; write 750, or '12:30' in quotes")
    """
    text, kind = node.value, node.tag.rpartition(":")[2]
    if kind == "bool" and (value := WORDS.get(text.lower())):
        nothing = ", none for nothing" if value == "false" else ""
        return f"{text} is read as {value}; write {value}{nothing}, or '{text}' in quotes for the word"
    if kind in ("int", "float") and (base := _base(text)):
        value = _number(node)
        return f"{text} is read as {value}, {base}; write {value}, or '{text}' in quotes"
    if kind == "float" and not math.isfinite(float(_number(node))):
        return f"{text} is no finite number"
    if kind == "str" and re.fullmatch(r"[-+]?(0o[0-7]+|0\d+)", text):
        return f"{text} is read as text, and elsewhere as a number; write it without its first 0, or in quotes"
    return None


def _base(text: str) -> str | None:
    digits = text.lstrip("+-")
    if ":" in digits:
        return "in base 60"
    if digits[:2].lower() in ("0x", "0b"):
        return f"in base {16 if digits[1] in 'xX' else 2}"
    if re.fullmatch(r"0[0-7_]+", digits):
        return "in base 8"
    return "without its _" if "_" in digits else None


def _number(node: yaml.ScalarNode) -> int | float:
    maker = yaml.SafeLoader("")
    read = maker.construct_yaml_int if node.tag.endswith("int") else maker.construct_yaml_float
    try:
        return read(node)
    except (ValueError, OverflowError):
        return math.inf
