"""The terminal that tasks print on."""

from cnnlab.door.terminal import Output

__all__ = ["Output"]
