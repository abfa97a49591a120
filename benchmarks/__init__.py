"""Measurements that a user can repeat, each a command of its own."""
