"""Describe a CNN in YAML as a stack of named blocks, change one setting, and get an answer you can trust."""
