"""Networks on their way out: as plain PyTorch source, and in the formats that other programs read."""
