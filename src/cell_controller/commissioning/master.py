"""One request after the other on an open wire, with the silences and time limits of a bus."""

from __future__ import annotations

from cell_controller.commissioning.wire import Wire
from cell_controller.drives.errors import DriveError
from cell_controller.drives.line_time import LineSpeed
from cell_controller.drives.profile import Timing
from cell_controller.drives.protocols import Codec
from cell_controller.drives.protocols.request import Request
from cell_controller.drives.transaction import Ended, HalfDuplex

BABBLE_S = 1.0  # a hundred times the longest silence that a drive asks for


class BabbleError(DriveError):
    """The line does not fall silent, so nobody can be asked."""

    def __init__(self, waited_s: float, count: int) -> None:
        super().__init__(f"the line is never silent: {count} bytes in {waited_s:g} s that nobody asked for")
        self.waited_s, self.count = waited_s, count


class Master:
    """Blocks until a request is over. `heard` counts bytes of the last reply, good or not."""

    def __init__(self, wire: Wire, speed: LineSpeed, codec: Codec) -> None:
        self._wire, self._codec = wire, codec
        self.speed = speed
        self._line = HalfDuplex(speed, codec, wire.now_s)
        self.heard = 0

    def ask(self, request: Request, timing: Timing) -> Ended:
        """The reply, or the reason why there is none."""
        wire, line = self._wire, self._line
        self.heard, began_s = 0, wire.now_s
        while (start_s := line.start_at_s(timing.gap_s)) > wire.now_s:
            if wire.now_s - began_s > BABBLE_S:
                return Ended(request, began_s, wire.now_s, error=BabbleError(BABBLE_S, self.heard))
            self._listen(start_s)
        if not line.is_clean:
            wire.drain()
        self.heard = 0
        wire.write(line.start(request, timing, wire.now_s, timing.timeout_s))
        while (ended := line.poll(wire.now_s)) is None:
            self._listen(line.due_s)
        return ended

    def _listen(self, until_s: float) -> None:
        data = self._wire.wait(until_s)
        if data:  # silence must not count as something heard
            self.heard += len(data)
            self._line.feed(data, self._wire.now_s)
