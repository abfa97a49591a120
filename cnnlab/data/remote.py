"""What is known of a published file before it is fetched."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Remote:
    """A published file: its name below a URL, its size in bytes, and its MD5 or the first digits of its SHA-256."""

    name: str
    size: int
    md5: str = ""
    sha256: str = ""
