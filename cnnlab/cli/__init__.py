"""The command line: what was typed, what is wrong with it, and the tasks."""
