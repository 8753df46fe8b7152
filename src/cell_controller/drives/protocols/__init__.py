"""Protocols of serial drives: each has a codec, chosen by the profile; one line speaks one of them."""

from collections.abc import Iterable, Mapping
from typing import Final

from cell_controller.drives.profile import DriveProfile, Protocol
from cell_controller.drives.protocols.codec import Codec, Heard
from cell_controller.drives.protocols.dynamixel import DynamixelCodec
from cell_controller.drives.protocols.ezi_servo import EziServoCodec
from cell_controller.drives.protocols.modbus import ModbusCodec

CODECS: Final[Mapping[Protocol, Codec]] = {
    Protocol.MODBUS_RTU: ModbusCodec(),
    Protocol.DYNAMIXEL: DynamixelCodec(),
    Protocol.EZI_SERVO: EziServoCodec(),
}


def codec_of(profiles: Iterable[DriveProfile]) -> Codec:
    """The codec of a line with drives of these profiles; one without drives has nothing to say in any."""
    return CODECS[next((p.protocol for p in profiles), Protocol.MODBUS_RTU)]


__all__ = ["CODECS", "Codec", "Heard", "codec_of"]
