"""Randomness as a function, not a state: hashes of (key, sample); nothing to save, nothing to fall out of step."""

import hashlib

import torch

GAMMA = 0x9E3779B97F4A7C15 - (1 << 64)
STEPS = ((30, 0xBF58476D1CE4E5B9 - (1 << 64)), (27, 0x94D049BB133111EB - (1 << 64)), (31, 1))


def draws(count: int, *key: object, device: torch.device | str = "cpu") -> torch.Tensor:
    """`count` numbers, uniform in [0, 2**62), one for each sample: int64 (count,); equal keys give equal numbers.

    splitmix64 (Steele, Lea, Flood 2014, doi:10.1145/2660193.2660195), started from a hash of the key. Number i does
    not depend on `count`, nor on the device.
    """
    start = int.from_bytes(hashlib.sha256("/".join(map(str, key)).encode()).digest()[:8], "little", signed=True)
    state = torch.arange(1, count + 1, device=device) * GAMMA + start  # int64 wraps modulo 2**64
    for shift, factor in STEPS:
        high = (state >> shift) & ((1 << (64 - shift)) - 1)  # the mask: >> on int64 copies the sign
        state = (state ^ high) * factor
    return state & ((1 << 62) - 1)


def shuffled(count: int, *key: object, device: torch.device | str = "cpu") -> torch.Tensor:
    """A permutation of 0 … count-1 that depends on the key alone: int64 (count,)."""
    return draws(count, *key, device=device).argsort(stable=True)
