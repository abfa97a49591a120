"""Online or offline, decided without a prompt and within seconds."""

from __future__ import annotations

from typing import Literal

Mode = Literal["online", "offline", "disabled"]


def choose(wanted: str) -> tuple[Mode, str]:
    """The mode, and why. `wanted` is auto, offline, or online for who has no use for anything else.

    W&B's own switches count (WANDB_MODE, `wandb offline`, `wandb disabled`); credentials are tried at the server.
    """
    if wanted == "offline":
        return "offline", "as asked"
    import wandb
    from wandb.errors import AuthenticationError

    said = wandb.setup().settings.mode
    if said == "disabled":
        return "disabled", "W&B is switched off (WANDB_MODE, or `wandb disabled`)"
    if said in ("offline", "dryrun") and wanted != "online":
        return "offline", "W&B is told to be (WANDB_MODE, or `wandb offline`)"
    try:
        known = wandb.login(prompt=False)
    except AuthenticationError as error:
        return "offline", f"credentials that do not work: {_plain(error)}"
    except Exception as error:
        return "offline", reason(error)
    return ("online", "credentials work") if known else ("offline", "no credentials; `wandb login` stores some")


def reason(error: BaseException) -> str:
    """What went wrong, on one line."""
    return f"{type(error).__name__}: {_plain(error)}"


def _plain(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
