"""What a data set's images are, whatever its folder is called: the digest that a run's identity holds.

Of a source that says which files it reads, the digest is over their paths and bytes, or, where the same images are
published in several forms of file, over the images and labels in them; it is worked out once and kept with what tells
that the files are unchanged. Of any other source it is over what it reads, worked out each time.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnlab.data.digest_cache import DigestCache, KeptDigest
from cnnlab.data.entry import Entry
from cnnlab.data.file_table import DIGITS, FileChanges, FileTable, SourceFile, composed, read_table
from cnnlab.data.places import cache_folder
from cnnlab.data.source import Source, lists_entries
from cnnlab.errors import Fault, UserError
from cnnlab.settings import digest
from cnnlab.traits import Traits
from cnnlab.untrusted.words import word


@dataclass(frozen=True)
class Content:
    """The digest of a data set, and what to say about it."""

    digest: str
    files: FileTable | None = None
    """None where it is not known which files it reads"""
    remarks: tuple[str, ...] = ()
    """sentences for whoever starts a run"""


class Contents:
    """Contents of the data sets that one command reads, each worked out once."""

    def __init__(self) -> None:
        self._known: dict[str, Content] = {}

    def of(self, source: Source) -> Content:
        """UserError where the files are missing, or are not what the settings say."""
        key = digest([_root(source), source.cache_dir, _read_settings(source)])
        if key not in self._known:
            self._known[key] = content(source)
        return self._known[key]

    @property
    def remarks(self) -> list[str]:
        """What is to be said of all of them, each once."""
        return list(dict.fromkeys(remark for known in self._known.values() for remark in known.remarks))


def content(source: Source) -> Content:
    """The content of the data set as it is now. UserError where its files are missing, or not what settings say."""
    if known := source.own_digest():
        return Content(known)
    if (files := source.files()) is None:
        return Content(_digest_as_read(source))
    return _content_of_files(source, files)


def difference(source: Source, content: Content, earlier: str) -> str:
    """How a data set differs from the one with the digest `earlier`, as a clause; empty where it does not."""
    if content.digest == earlier:
        return ""
    try:
        kept = DigestCache(cache_folder(source.cache_dir)).find(earlier)
    except UserError:
        kept = None
    if kept and content.files and not content.files.known.keys().isdisjoint(kept.files.names):
        return f"the images of {shown_place(source)} have changed: {FileChanges.between(kept.files, content.files)}"
    return f"it was given other images (digest {earlier[:8]}, those of {shown_place(source)} have {content.digest[:8]})"


def check_unchanged(source: Source, digest: str, as_read: str | None) -> None:
    """UserError where the images just read are not those of `digest`, which a run was planned with.

    `as_read`: the digest of what was read, where it is not known which files that was.
    """
    now = Content(as_read) if as_read else content(source)
    if change := difference(source, now, digest):
        message = f"{change} since this run was planned; give the command again"
        raise UserError(Fault("data.dir" if source.dir else "data.source", message))


def _content_of_files(source: Source, files: list[SourceFile]) -> Content:
    try:
        cache = DigestCache(cache_folder(source.cache_dir))
    except UserError as error:
        made = _worked_out(source, files, None)
        return Content(made.digest, made.files, (_not_kept(source, error.faults[0].message),))
    place = _place_key(source, files)
    old = cache.newest(place)
    new = _worked_out(source, files, old)
    remarks: list[str] = []
    if old and old.digest != new.digest and (changes := str(FileChanges.between(old.files, new.files))):
        remarks.append(f"the images of {shown_place(source)} have changed since they were last read: {changes}")
    if old != new:
        try:
            cache.keep(place, new)
        except OSError as error:
            reason = f"{cache.root} cannot be written to ({(error.strerror or str(error)).lower()})"
            remarks.append(_not_kept(source, f"{reason}; data.cache_dir names another folder"))
    return Content(new.digest, new.files, tuple(remarks))


def _place_key(source: Source, files: list[SourceFile]) -> str:
    """Hash of where a source reads; `shape` and the like do not change what the files are."""
    own = {name: value for name, value in _read_settings(source).items() if name not in Source.model_fields}
    places = [str(path.resolve()) for _, path in files] if source.packed else _root(source)
    return digest([source.source, own, places])


def _worked_out(source: Source, files: list[SourceFile], old: KeptDigest | None) -> KeptDigest:
    table = read_table(files, old.files if old else None, source.largest_file)
    if not source.packed:
        return KeptDigest(_with_labels(source, table.digest), table)
    if old and old.files.digest == table.digest:
        return KeptDigest(old.digest, table)
    return KeptDigest(_digest_as_read(source), table)


def _with_labels(source: Source, files: str) -> str:
    """Files alone do not tell the labels and parts that a source with `entries` gives them."""
    if not lists_entries(source):
        return files
    entries = [one for one in source.entries() if isinstance(one, Entry)]
    labels = sorted([*map(composed, (entry.key, entry.label)), entry.part] for entry in entries)
    return hashlib.sha256(json.dumps([files, labels]).encode()).hexdigest()[:DIGITS]


def _read_settings(source: Source) -> dict[str, Any]:
    """The settings that decide which images a source reads, but for the folder."""
    later = {
        name
        for name, info in type(source).model_fields.items()
        for mark in info.metadata
        if isinstance(mark, Traits) and (mark.after_reading or not mark.affects_result)
    }
    return source.model_dump(mode="json", exclude={*later, "dir"})


def _root(source: Source) -> str:
    return str(Path(source.dir or "").expanduser().resolve())


def shown_place(source: Source) -> str:
    """What a data set is called in a sentence: its folder, or its source."""
    return word(source.dir or source.source)


def _not_kept(source: Source, reason: str) -> str:
    return f"the digest of the images of {shown_place(source)} is worked out anew each time: {reason}"


def _digest_as_read(source: Source) -> str:
    from cnnlab.data.dataset import checked_parts  # torch: only where images are read
    from cnnlab.data.splits import digest_of_parts

    return digest_of_parts(checked_parts(source))
