"""python run.py --help"""

import sys
from pathlib import Path

from cnnlab.cli.leave import leaving
from cnnlab.cli.main import main

if __name__ == "__main__":
    sys.exit(leaving(lambda: main(Path(__file__).parent / "conf", sys.argv[1:])))
