"""A process as a cell file may name one: says that it is ready, ends on SIGTERM, outlives its parent."""

import signal
import sys

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    sys.stdout.write("fake simulator ready\n")
    sys.stdout.flush()
    signal.pause()
