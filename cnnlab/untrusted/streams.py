"""Streams of text that a process prints on."""

from __future__ import annotations

from typing import IO, Any, TextIO


class UnfailingStream:
    """Text stream for which a line that cannot be written is no error: no result depends on a line.

    Characters that its encoding lacks become question marks; what a full disk or a closed descriptor does not take is
    dropped, and `lost` says why. A reader who has left is told to the caller, as by any stream.
    """

    def __init__(self, stream: IO[str]):
        self.stream = stream
        self.lost: Exception | None = None
        """why the last line that was dropped could not be written"""

    def write(self, text: str) -> int:
        try:
            return self.stream.write(text)
        except UnicodeEncodeError:
            encoding = getattr(self.stream, "encoding", None) or "ascii"
            return self.write(text.encode(encoding, "replace").decode(encoding))
        except BrokenPipeError:
            raise
        except (OSError, ValueError) as error:  # ValueError: the stream is closed
            self.lost = error
            return len(text)

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        try:
            self.stream.flush()
        except BrokenPipeError:
            raise
        except (OSError, ValueError) as error:
            self.lost = error

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def unfailing(stream: IO[str]) -> TextIO:
    """`stream`, but a line that cannot be written is no error there."""
    return stream if isinstance(stream, UnfailingStream) else UnfailingStream(stream)  # type: ignore[return-value]
