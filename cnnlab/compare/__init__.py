"""What a sweep's runs say together: read from their records on disk, judged, and put on a page."""

from cnnlab.compare.comparison import Comparison, compare
from cnnlab.compare.report import report
from cnnlab.compare.terminal import text

__all__ = ["Comparison", "compare", "report", "text"]
