"""Records of settings: what a piece of YAML may say, its types and ranges, and its faults as sentences."""

import hashlib
import json
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from cnnlab.errors import Fault, FaultKind, did_you_mean, meant

Shape = tuple[int, ...]
"""(C, H, W) of an image, (F,) once flat; never the batch axis"""

LARGEST = 10**9
"""that a count may be: torch's own sizes are products of several, in 63 bits"""

Count = Annotated[int, Field(ge=1, le=LARGEST, strict=True)]
Natural = Annotated[int, Field(ge=0, le=LARGEST, strict=True)]
Real = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, strict=True, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, strict=True, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, lt=1, strict=True)]
Flag = Annotated[bool, Field(strict=True)]


def _pair(value: Any) -> Any:
    if isinstance(value, list | tuple):
        if len(value) != 2:
            raise ValueError(f"should be one number or a pair (rows, columns), not {shown(value)}")
        return tuple(value)
    return (value, value)


Pair = Annotated[tuple[Count, Count], BeforeValidator(_pair, json_schema_input_type=Count | tuple[Count, Count])]
"""rows and columns; one number stands for both"""


class Settings(BaseModel):
    """A frozen record of settings; each field is documented by the string under it."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
    shorthand: ClassVar[str] = ""
    """the setting by whose value alone YAML may write such a record, where the others are the usual ones"""
    hashed_short: ClassVar[bool] = False
    """whether fingerprints hash it in that form: where its place held that value alone before 0.3.0"""


def names(cls: type[BaseModel]) -> list[str]:
    """A record's settings as YAML spells them."""
    return [info.alias or name for name, info in cls.model_fields.items()]


T = TypeVar("T", bound=Settings)


def read(cls: type[T], raw: Any, path: str, noun: str, also: Iterable[str] = ()) -> tuple[T | None, list[Fault]]:
    """`raw` as a record of `cls`, or all its faults, their paths under `path`; `noun` names it in messages.

    `also` are further names that may stand there, for "did you mean".
    """
    if not isinstance(raw, dict):
        return None, [Fault(path, f"should be a mapping of settings, not {shown(raw)}")]
    try:
        return cls.model_validate(raw), []
    except ValidationError as error:
        faults = dict.fromkeys(fault_of(e, cls, raw, path, noun, also) for e in error.errors(include_url=False))
        return None, [fault for fault in faults if not _misspelt(fault, faults)]


def _misspelt(fault: Fault, faults: Iterable[Fault]) -> bool:
    """Whether `fault` says that a setting is missing which another fault says is there, misspelt."""
    name = fault.path.rpartition(".")[2]
    return fault.kind is FaultKind.MISSING and any(other.suggestion == name for other in faults)


def records_in(annotation: Any) -> list[type[Settings]]:
    """The records that an annotation names, inside unions and the like."""
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return [annotation]
    return [record for part in get_args(annotation) for record in records_in(part)]


def _descend(cls: type[Settings], raw: Any, loc: list[str]) -> tuple[list[str], type[Settings]]:
    """As much of pydantic's `loc` as the user wrote, and the record that its last name is a setting of.

    The rest is pydantic's own: members of unions, places in lists.
    """
    written, holder = loc[:1], cls
    for name in loc[1:]:
        raw = raw.get(written[-1]) if isinstance(raw, dict) else None
        inner = records_in(holder.model_fields[written[-1]].annotation) if written[-1] in holder.model_fields else []
        if not inner or not isinstance(raw, dict):
            break
        written, holder = [*written, name], inner[0]
    return written, holder


def fault_of(error: Any, cls: type[Settings], raw: Any, path: str, noun: str, also: Iterable[str] = ()) -> Fault:
    """One of pydantic's errors about `raw`, read as a record of `cls`, as a sentence."""
    loc, context, value = [str(part) for part in error["loc"]], error.get("ctx", {}), error["input"]
    written, holder = _descend(cls, raw, loc)
    full_path = ".".join([path, *written] if path else written)
    if holder is not cls:
        noun, also = written[-2], ()
    match error["type"]:
        case "extra_forbidden" | "missing" as what if holder is cls and loc[1:]:  # of a record in a list or a mapping
            return Fault(full_path, f"{loc[-1]!r} is {'missing' if what == 'missing' else 'not a setting of it'}")
        case "extra_forbidden":
            return Fault.unknown(
                FaultKind.UNKNOWN_SETTING,
                full_path,
                f"{noun} has no such setting",
                written[-1],
                [*names(holder), *also],
            )
        case "missing":
            return Fault(full_path, f"{noun} needs this setting", FaultKind.MISSING)
        case "value_error":
            return Fault(full_path if loc else path, str(context["error"]), word=_word(value))
        case "literal_error":
            choices = [part.strip("' ") for part in context["expected"].replace(" or ", ",").split(",")]
            message = f"should be one of {', '.join(choices)}, not {shown(value)}{did_you_mean(value, choices)}"
            known = {"word": _word(value), "suggestion": meant(value, choices), "choices": tuple(choices)}
            return Fault(full_path, message, FaultKind.UNKNOWN_CHOICE, **known)
        case "greater_than_equal":
            wanted = f"at least {context['ge']:g}"
        case "greater_than":
            wanted = f"above {context['gt']:g}"
        case "less_than_equal":
            wanted = f"at most {context['le']:{'g' if context['le'] < 10**6 else ','}}"
        case "less_than":
            wanted = f"below {context['lt']:g}"
        case "int_type" | "int_from_float" | "int_parsing":
            wanted = "a whole number"
        case "float_type" | "float_parsing":
            wanted = "a number"
        case "finite_number":
            wanted = "a finite number"
        case "bool_type" | "bool_parsing":
            wanted = "true or false"
        case "string_type" if loc[-1] == "[key]":
            return Fault(full_path, f"names are words, not {shown(value)}")
        case "string_type":
            wanted = "text"
        case "list_type" | "tuple_type":
            wanted = "a list"
        case "dict_type" | "model_type":
            wanted = "a mapping of settings"
        case _:
            return Fault(
                full_path, f"{error['msg'][:1].lower()}{error['msg'][1:]}, not {shown(value)}", word=_word(value)
            )
    return Fault(full_path, f"should be {wanted}, not {shown(value)}", word=_word(value))


def _word(value: Any) -> str:
    """A value as an override has it, for faults to be told apart by."""
    return value if isinstance(value, str) else json.dumps(value, default=str)


def shown(value: Any) -> str:
    """`value` as the user would write it in YAML, cut where it is long."""
    text = json.dumps(value, default=str, ensure_ascii=False) if not isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def digest(value: Any) -> str:
    """A hash of plain data that does not depend on the order of keys; 16 hex digits."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
