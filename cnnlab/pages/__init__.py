"""HTML pages that stand alone: the document, its style and scripts, charts and tables."""
