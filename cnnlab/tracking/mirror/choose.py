"""Online or offline, decided without a prompt and within seconds."""

from __future__ import annotations

import socket
from typing import Literal
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

Mode = Literal["online", "offline", "disabled"]
PATIENCE = 4.0
"""seconds for a server to take a connection"""


def choose(wanted: str) -> tuple[Mode, str]:
    """The mode, and why. `wanted` is auto, offline, or online for who has no use for anything else.

    W&B's own switches count (WANDB_MODE, `wandb offline`, `wandb disabled`); credentials are tried at the server.
    """
    if wanted == "offline":
        return "offline", "as asked"
    import wandb
    from wandb.errors import AuthenticationError

    mode = wandb.setup().settings.mode
    if mode == "disabled":
        return "disabled", "W&B is switched off (WANDB_MODE, or `wandb disabled`)"
    if mode in ("offline", "dryrun") and wanted != "online":
        return "offline", "W&B is told to be (WANDB_MODE, or `wandb offline`)"
    if why := unreachable(wandb.setup().settings.base_url):
        return "offline", why
    try:
        known = wandb.login(prompt=False)
    except AuthenticationError as error:
        return "offline", _plain(error)
    except Exception as error:
        return "offline", reason(error)
    return ("online", "credentials work") if known else ("offline", "no credentials; `wandb login` stores some")


def unreachable(url: str) -> str | None:
    """Why nobody answers at `url`, within PATIENCE seconds: W&B itself takes 10 and more. None behind a proxy."""
    place = urlsplit(url)
    port = place.port or (443 if place.scheme == "https" else 80)
    if place.scheme in getproxies() and not proxy_bypass(place.hostname or ""):
        return None
    try:
        socket.create_connection((place.hostname, port), PATIENCE).close()
    except OSError as error:
        return f"no way to {place.hostname}: {(error.strerror or str(error)).lower()}"
    return None


def reason(error: BaseException) -> str:
    """What went wrong, on one line."""
    return f"{type(error).__name__}: {_plain(error)}"


def _plain(error: BaseException) -> str:
    return " ".join(str(error).split())[:200].rstrip(".")
