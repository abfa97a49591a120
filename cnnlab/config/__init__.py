"""One configuration: composed by Hydra, with the origin of every key, and checked as one record."""
