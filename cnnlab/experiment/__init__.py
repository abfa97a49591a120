"""One run: data, network, training and record meet here, and nowhere else."""
