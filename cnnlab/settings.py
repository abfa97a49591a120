"""Records of settings: what a piece of YAML may say, its types and ranges, and its faults as sentences."""

import hashlib
import json
from collections.abc import Iterable
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from cnnlab.errors import Fault, near

Shape = tuple[int, ...]
"""(C, H, W) of an image, (F,) once flat; never the batch axis"""

Count = Annotated[int, Field(ge=1, strict=True)]
Natural = Annotated[int, Field(ge=0, strict=True)]
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


Pair = Annotated[tuple[Count, Count], BeforeValidator(_pair)]
"""rows and columns; one number stands for both"""


class Settings(BaseModel, extra="forbid", frozen=True, use_attribute_docstrings=True):
    """A frozen record of settings; each field is documented by the string under it."""


T = TypeVar("T", bound=Settings)


def read(
    cls: type[T], raw: Any, path: str, noun: str, also: Iterable[str] = ()
) -> tuple[T | None, list[Fault]]:
    """`raw` as a record of `cls`, or all its faults, their paths under `path`; `noun` names it in messages.

    `also` are further names that may stand there, for "did you mean".
    """
    if not isinstance(raw, dict):
        return None, [Fault(path, f"should be a mapping of settings, not {shown(raw)}")]
    try:
        return cls.model_validate(raw), []
    except ValidationError as error:
        known = [*cls.model_fields, *also]
        faults = {fault_of(e, path, noun, known): None for e in error.errors(include_url=False)}
        return None, list(faults)


def fault_of(error: Any, path: str, noun: str, known: list[str]) -> Fault:
    """One of pydantic's errors as a sentence."""
    loc, context, value = [str(part) for part in error["loc"]], error.get("ctx", {}), error["input"]
    at = ".".join([path, *loc[:1]]) if path else ".".join(loc[:1])
    match error["type"]:
        case "extra_forbidden":
            return Fault(at, f"{noun} has no such setting{near(loc[0], known)}")
        case "missing":
            return Fault(at, f"{noun} needs this setting")
        case "value_error":
            return Fault(at if loc else path, str(context["error"]))
        case "literal_error":
            choices = [part.strip("' ") for part in context["expected"].replace(" or ", ",").split(",")]
            return Fault(at, f"should be one of {', '.join(choices)}, not {shown(value)}{_meant(value, choices)}")
        case "greater_than_equal":
            wanted = f"at least {context['ge']:g}"
        case "greater_than":
            wanted = f"above {context['gt']:g}"
        case "less_than_equal":
            wanted = f"at most {context['le']:g}"
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
        case "string_type":
            wanted = "text"
        case _:
            return Fault(at, f"{error['msg'][:1].lower()}{error['msg'][1:]}, not {shown(value)}")
    return Fault(at, f"should be {wanted}, not {shown(value)}")


def _meant(value: Any, choices: list[str]) -> str:
    guess = near(value, choices)
    return guess if "mean" in guess else ""


def shown(value: Any) -> str:
    """`value` as the user would write it in YAML, cut where it is long."""
    text = json.dumps(value, default=str, ensure_ascii=False) if not isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def digest(value: Any) -> str:
    """A hash of plain data that does not depend on the order of keys; 16 hex digits."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
