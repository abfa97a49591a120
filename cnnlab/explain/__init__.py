"""A network explained: each number worked out as on paper, each setting with where it came from."""
