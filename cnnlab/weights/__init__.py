"""Weights from elsewhere: files read, foreign names translated, what fits put into a network block by block."""
