"""What Python code gets from this package: networks, modules, runs and comparisons, as the command line makes them."""
