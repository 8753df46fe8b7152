"""Drive profiles: what the controller and the virtual drives know about a drive family, as data."""

from cell_controller.config.values import DriveKind, SerialFormat
from cell_controller.drives.profile.checks import needs_place
from cell_controller.drives.profile.fields import BitTest, ProfileField, ReadBlock, Reads
from cell_controller.drives.profile.load import load_profile
from cell_controller.drives.profile.model import DriveProfile, Fault, Nameplate, StateRule, Watchdog
from cell_controller.drives.profile.quantities import (
    ANALOG_INPUTS,
    Access,
    DriveUnit,
    Memory,
    Protocol,
    Quantity,
    Source,
    StopCategory,
    Verb,
    Verified,
)
from cell_controller.drives.profile.reach import within_reach
from cell_controller.drives.profile.serial import Functions, Serial, Timing
from cell_controller.drives.profile.values import (
    decode_block,
    decode_field,
    encode_exchange,
    encode_field,
    raw_block,
    to_raw,
    to_words,
    value_limits,
)
from cell_controller.drives.profile.writes import BySign, EnableStep, Exchange, Stop, Write
from cell_controller.messages.enums import DriveCondition

__all__ = [
    "ANALOG_INPUTS",
    "Access",
    "BitTest",
    "BySign",
    "DriveCondition",
    "DriveKind",
    "DriveProfile",
    "DriveUnit",
    "EnableStep",
    "Exchange",
    "Fault",
    "Functions",
    "Memory",
    "Nameplate",
    "ProfileField",
    "Protocol",
    "Quantity",
    "ReadBlock",
    "Reads",
    "Serial",
    "SerialFormat",
    "Source",
    "StateRule",
    "Stop",
    "StopCategory",
    "Timing",
    "Verb",
    "Verified",
    "Watchdog",
    "Write",
    "decode_block",
    "decode_field",
    "encode_exchange",
    "encode_field",
    "load_profile",
    "needs_place",
    "raw_block",
    "to_raw",
    "to_words",
    "value_limits",
    "within_reach",
]
