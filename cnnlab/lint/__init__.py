"""What in a network's design looks like a mistake, with the reason and the figure. None of it is a fault."""
