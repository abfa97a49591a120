"""One configuration: composed by Hydra, with the origin of every key, and checked as one record."""

from cnnlab.traits import Traits

GROUPS: dict[str, Traits] = {
    "model": Traits(of_record=True, of_network=True),
    "data": Traits(of_record=True),
    "augment": Traits(of_record=True),
    "optimizer": Traits(of_record=True),
    "scheduler": Traits(of_record=True),
    "loss": Traits(of_record=True),
    "trainer": Traits(of_record=True),
    "callbacks": Traits(of_record=True, may_differ=True),
}
"""what a run is made of: a folder of files each, of which one is chosen; and what is true of all their settings"""
KINDS = ("optimizer", "scheduler", "loss")
"""groups whose kinds are options too, whether or not a file has them"""
SHARED = "blocks"
"""the group of blocks that are written in YAML and shared by networks: none need be chosen"""
LOGGER = "logger"
"""the group of places where a run is shown besides its folder: none, one, or several in a list"""
GLOBAL_GROUPS = ("debug", "experiment", "variant")
"""groups whose files may set anything that is not Hydra's or the command line's"""
