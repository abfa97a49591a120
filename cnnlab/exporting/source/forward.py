"""The `forward` of classes whose layers do not simply follow one another."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from cnnlab.blocks import modules as own
from cnnlab.exporting.source.expression import WIDTH, is_word, literal
from cnnlab.exporting.source.tree import Unlike, children


def attribute(name: str) -> str:
    """How a method gets at a layer."""
    return f"self.{name}" if is_word(name) else f"self.get_submodule({literal(name)})"


def forward(modules: Sequence[nn.Module]) -> list[str]:
    """The lines of the `forward` that all of these modules have; some may lack a part. Raises Unlike."""
    bodies = {tuple(_forward(module, modules)) for module in modules}
    if len(bodies) > 1:
        raise Unlike
    return list(bodies.pop())


def _forward(module: nn.Module, all_of_them: Sequence[nn.Module]) -> list[str]:
    match module:
        case own.Skipped():
            scales = any(hasattr(each, "scale") for each in all_of_them)
            body = "self.scale(self.body(x))" if scales else "self.body(x)"
            return _added(body, ["x"] * len(all_of_them), all_of_them, has_act=True)
        case own.Preactivated():
            sources = ["active" if each.shared else "x" for each in all_of_them]  # type: ignore[union-attr]
            return ["active = self.pre(x)", *_added("self.body(active)", sources, all_of_them, has_act=False)]
        case own.Gated():
            return ["return x * self.gate(x)"]
        case own.Branches():
            return _joined(module)
        case own.Chain():
            return _flow(module)
    raise Unlike


def _added(body: str, sources: Sequence[str], modules: Sequence[nn.Module], has_act: bool) -> list[str]:
    """A body, with its shortcut if there is one."""
    shortcuts = [module.shortcut for module in modules]
    drops = any(module.drop is not None for module in modules)
    acts = has_act and any(module.act is not None for module in modules)  # type: ignore[union-attr]
    dropped = f"self.drop({body})" if drops else body
    taken = {source for source, shortcut in zip(sources, shortcuts, strict=True) if shortcut is not None}
    source, before = next(iter(taken), "x"), []
    if len(taken) > 1:
        condition = "self.shared" if is_sharing_said(modules) else "not isinstance(self.shortcut, nn.Identity)"
        source, before = "taken", [f"taken = active if {condition} else x"]
    if None not in shortcuts:
        total = f"{dropped} + self.shortcut({source})"
        return [*before, f"return self.act({total})" if acts else f"return {total}"]
    if not taken:
        return [f"return self.act({body})" if acts else f"return {body}"]
    return [
        *before,
        f"out = {dropped}",
        "if self.shortcut is not None:",
        f"    out = out + self.shortcut({source})",
        "return self.act(out)" if acts else "return out",
    ]


def is_sharing_said(modules: Sequence[nn.Module]) -> bool:
    """Whether it does not follow from the shortcuts of pre-activation blocks what they take."""
    some = [module for module in modules if isinstance(module, own.Preactivated) and module.shortcut is not None]
    shared = [bool(module.shared) for module in some]
    return len(set(shared)) > 1 and shared != [not isinstance(module.shortcut, nn.Identity) for module in some]


def is_nothing(module: nn.Module) -> bool:
    """Whether it is a stack without layers."""
    return isinstance(module, nn.Sequential) and not len(module)


def _joined(module: own.Branches) -> list[str]:
    if module.drop_path:
        return [
            "outs = [branch(x) for branch in self.children()]",
            "return mean_of_some(outs, self.drop_path if self.training else 0.0)",
        ]
    branches = children(module)
    outs = ["x" if is_nothing(branch) else f"{attribute(name)}(x)" for name, branch in branches]
    line = f"return {joined(module.joined_by, outs)}"
    if len(line) + 8 <= WIDTH:
        return [line]
    if "x" in outs or module.joined_by != "concat":
        return [
            "outs = [",
            *(f"    {out}," for out in outs),
            "]",
            f"return {joined(module.joined_by, [f'outs[{i}]' for i in range(len(outs))])}",
        ]
    return ["return torch.cat([branch(x) for branch in self.children()], 1)"]


def joined(how: str, parts: Sequence[str]) -> str:
    """What several tensors are together."""
    match how:
        case "concat":
            return f"torch.cat([{', '.join(parts)}], 1)"
        case "add":
            return " + ".join(parts)
        case "mul":
            return " * ".join(parts)
        case "mean":
            return f"({' + '.join(parts)}) / {len(parts)}"
    out = parts[0]
    for part in parts[1:]:
        out = f"torch.maximum({out}, {part})"
    return out


def _flow(module: own.Chain) -> list[str]:
    """Layers of which some take what others than the one before them have left."""
    awaited = {name for names, _ in module._sources.values() for name in names}
    kept = {name: "x_in" if name == "input" else f"{_word(name)}_out" for name in awaited}
    lines = ["x_in = x"] if "input" in awaited else []
    for name, _ in children(module):
        taken = "x"
        if name in module._sources:
            names, how = module._sources[name]
            outs = [kept[source] for source in names]
            taken = outs[0] if len(outs) == 1 else joined(how, outs)
        lines.append(f"x = {attribute(name)}({taken})")
        if name in awaited:
            lines.append(f"{kept[name]} = x")
    return [*lines, "return x"]


def _word(name: str) -> str:
    return "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in name)
