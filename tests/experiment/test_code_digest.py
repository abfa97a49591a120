"""Every file that trained numbers hang on is in the digest of the code, and what is left out is left out on purpose."""

from __future__ import annotations

from test_layers import imports_by_module

from cnnlab.experiment.code_digest import COMPUTING, code_digest

LEFT_OUT = {
    # what settings come to is in the identity, however they were read
    *("config", "settings", "registry", "plugins", "extension", "dotted", "override", "yaml_form", "traits", "origin"),
    # what files the numbers away, shows them or says something of them
    *("tracking", "lint", "pages", "drawing", "errors", "text", "blame", "program"),
    # what refuses files of strangers
    "untrusted",
}


def reached_from(module: str) -> set[str]:
    """The package's modules that importing one brings with it."""
    seen, waiting = {module}, [module]
    while waiting:
        new = imports_by_module()[waiting.pop()] - seen
        seen |= new
        waiting += new
    return seen


def test_what_training_imports_is_in_the_digest_of_the_code_or_left_out_on_purpose() -> None:
    packages = {name.split(".")[1] for name in reached_from("cnnlab.experiment.train") if name.count(".")}
    assert packages - {*COMPUTING} <= LEFT_OUT
    assert packages >= {*COMPUTING}, "a package that training does not import computes no results"


def test_the_digest_of_the_code_is_the_same_again() -> None:
    known = code_digest()
    code_digest.cache_clear()
    assert code_digest() == known
    assert len(known) == 16
