"""The door: what comes from strangers is looked at before anything is built from it, and is never more than data.

    files.py     how much of a file is read at all; JSON
    nodes.py     YAML while it is read: how large, how deep; no aliases, no tags
    pickled.py   torch's files: what they ask for and claim, worked out without torch and without making anything
    words.py     names and messages that a terminal shows and does not obey
    machine.py   what of this machine decides what may be opened: its memory, its environment

docs/door.md has the rules.
"""
