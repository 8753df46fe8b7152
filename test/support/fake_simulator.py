"""A process as a cell file may name one: says that it is ready, ends on SIGTERM, outlives its parent.

With --mute it never says so.
"""

import signal
import sys

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if "--mute" not in sys.argv:
        sys.stdout.write("fake simulator ready\n")
        sys.stdout.flush()
    signal.pause()
