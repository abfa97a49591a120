"""One configuration: composed by Hydra, with the origin of every key, and checked as one record."""

GROUPS = ("model", "data", "augment", "optimizer", "scheduler", "trainer", "callbacks")
"""what a run is made of: a folder of files each, of which one is chosen"""
SHARED = "blocks"
"""the group of blocks that are written in YAML and shared by networks: none need be chosen"""
LOGGER = "logger"
"""the group of places where a run is shown besides its folder: none, one, or several in a list"""
