"""A trained network as a folder in Hugging Face's form: plain settings and weights, both read as a stranger's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cnnlab.errors import Fault, UserError
from cnnlab.untrusted.files import Refused, read_json
from cnnlab.weights.reading import read_weights

CONFIG = "config.json"
WEIGHTS = "model.safetensors"


def is_hub_folder(path: Path) -> bool:
    return path.is_dir() and (path / CONFIG).is_file() and (path / WEIGHTS).is_file()


def read_hub_folder(path: Path) -> dict[str, Any]:
    """What such a folder holds, in the form of a checkpoint. UserError where it is none of ours."""
    file = path / CONFIG
    try:
        config = read_json(file)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UserError(Fault("ckpt_path", f"{file} cannot be read: {reason}")) from None
    except Refused as error:
        raise UserError(Fault("ckpt_path", f"{file} {error}")) from None
    except ValueError:
        raise UserError(Fault("ckpt_path", f"{file} is no JSON, or it is damaged")) from None
    record = config.get("record") if isinstance(config, dict) else None
    if not isinstance(record, dict) or not isinstance(config, dict) or config.get("model_type") != "cnnlab":
        raise UserError(Fault("ckpt_path", f"{file} describes no network of cnnlab's"))
    return {"cnnlab": record, "state_dict": read_weights(path / WEIGHTS).tensors}
