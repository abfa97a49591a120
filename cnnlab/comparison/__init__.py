"""What a sweep's runs say together: read from their records on disk, judged, and put on a page."""

from cnnlab.comparison.comparison import Comparison, compare
from cnnlab.comparison.report import report
from cnnlab.comparison.terminal import text

__all__ = ["Comparison", "compare", "report", "text"]
