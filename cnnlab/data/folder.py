"""A user's own images: a directory for each class, optionally `train`, `val` and `test` above them."""

import warnings

import torch

from cnnlab.data.images import decode_all
from cnnlab.data.listing import Files, list_folder
from cnnlab.data.settings import DataSettings, class_faults
from cnnlab.data.splits import Parts, Split, check_memory
from cnnlab.door.words import clean
from cnnlab.errors import Fault, UserError

SHOWN = 10
"""paths of unreadable images that the warning lists"""


def read_parts(settings: DataSettings) -> Parts:
    listing = list_folder(settings.dir or "")
    if faults := class_faults(len(listing.names), settings):
        raise UserError(*faults)
    parts = [part for part in (listing.train, listing.val, listing.test) if part]
    check_memory(sum(len(files) for part in parts for files in part.values()), settings)
    names, bad = listing.names, {}
    train = _read(listing.train, names, settings, bad)
    val, test = (_read(part, names, settings, bad) if part else None for part in (listing.val, listing.test))
    if bad:
        lines = [f"\n    {path}: {reason}" for path, reason in list(bad.items())[:SHOWN]]
        more = f"\n    and {len(bad) - SHOWN} more" if len(bad) > SHOWN else ""
        warnings.warn(clean(f"left out {len(bad)} images that cannot be read:{''.join(lines)}{more}"), stacklevel=2)
    return Parts(train, test, val, names)


def _read(files: Files, names: tuple[str, ...], settings: DataSettings, bad: dict) -> Split:
    """One part; unreadable images are left out and noted in `bad`, a class that has no others is a fault."""
    pairs = [(path, names.index(name)) for name, paths in files.items() for path in paths]
    x, wrong = decode_all([path for path, _ in pairs], settings.shape)
    bad.update(wrong)
    for name, paths in files.items():
        if all(path in wrong for path in paths):
            reason = f"none of the {len(paths)} images of class {name} can be read; {paths[0]}: {wrong[paths[0]]}"
            raise UserError(Fault("data.dir", reason))
    y = torch.tensor([label for _, label in pairs])
    if not wrong:
        return Split(x, y)
    return Split(x, y).take(torch.tensor([i for i, (path, _) in enumerate(pairs) if path not in wrong]))
