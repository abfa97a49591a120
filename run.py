"""python run.py --help"""

import sys

from cnnlab.cli.fast_exit import exiting_fast
from cnnlab.cli.main import main
from cnnlab.program import shipped_conf

if __name__ == "__main__":
    sys.exit(exiting_fast(lambda: main(shipped_conf(), sys.argv[1:], "python run.py")))
