"""Digital and analogue channels of the I/O modules, by what stands behind them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

Source = Callable[[], bool]
Gauge = Callable[[], float]
_RAW_MAX = 0xFFFF


@dataclass(slots=True)
class AnalogChannel:
    """A measuring transducer: raw = (value - offset) / scale, clipped to 16 bits."""

    scale: float
    offset: float
    read: Gauge

    @property
    def raw(self) -> int:
        return min(max(round((self.read() - self.offset) / self.scale), 0), _RAW_MAX)


@dataclass(slots=True)
class ModuleWiring:
    """What is wired to one I/O module."""

    inputs: dict[int, Source] = field(default_factory=dict)
    analog: dict[int, AnalogChannel] = field(default_factory=dict)
    outputs: int = 0  # as the module drives them now
    forced_inputs: dict[int, bool] = field(default_factory=dict)  # by a test: a broken sensor
    forced_analog: dict[int, int] = field(default_factory=dict)

    def input_bits(self) -> int:
        """All inputs; bit n is channel n."""
        bits = 0
        for channel, source in self.inputs.items():
            if self.forced_inputs.get(channel, None) is True or (
                channel not in self.forced_inputs and source()
            ):
                bits |= 1 << channel
        return bits

    def analog_raw(self, channel: int) -> int:
        """Raw counts of one channel; 0 where nothing is wired."""
        if channel in self.forced_analog:
            return self.forced_analog[channel]
        wired = self.analog.get(channel)
        return 0 if wired is None else wired.raw

    def output(self, channel: int) -> bool:
        """True while the module drives this output."""
        return bool(self.outputs >> channel & 1)
