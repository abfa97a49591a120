"""python run.py --help"""

import sys
from pathlib import Path

from cnnlab.cli.fast_exit import exiting_fast
from cnnlab.cli.main import main

if __name__ == "__main__":
    sys.exit(exiting_fast(lambda: main(Path(__file__).parent / "conf", sys.argv[1:])))
