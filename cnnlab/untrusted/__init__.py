"""What comes from strangers is looked through before anything is built from it, and is never more than data.

    files.py     how much of a file is read at all; JSON
    archive.py   members of a tar archive, none of them unpacked to disk
    nodes.py     YAML while it is read: how large, how deep; no aliases, no tags
    pickled.py   torch's files: what they ask for and claim, worked out without torch and without making anything
    safetensors.py  files of safetensors: what their header claims
    pattern.py   patterns of paths, and how far they are followed
    words.py     names and messages that a terminal shows and does not obey
    terminal.py  the terminal that they are shown on
    machine.py   what of this machine decides what may be opened: its memory, its environment

docs/untrusted.md has the rules.
"""
