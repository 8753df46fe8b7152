"""What the operating system knows of a serial port: who may open it, who has it, how slow its adapter is."""

from __future__ import annotations

import errno
import grp
import os
from pathlib import Path

from cell_controller.nodes.holders import holders_of

SLOW_MS = 1  # a latency timer above it costs a drive its rate
BY_ID = Path("/dev/serial/by-id")


def explain(device: str, error: BaseException) -> str:
    """A failure of a port in one line that says what to do."""
    code = getattr(error, "errno", None)
    text = str(error)
    if isinstance(error, PermissionError) or code == errno.EACCES or "Permission denied" in text:
        group = group_of(device)
        if group == "root":
            name = os.path.basename(os.path.realpath(device))
            return (
                f"{device}: permission denied, and it belongs to root alone. A udev rule gives it to a group:"
                f' SUBSYSTEM=="tty", KERNEL=="{name}", GROUP="dialout", MODE="0660"'
            )
        return (
            f"{device}: permission denied. It belongs to the group {group}: sudo usermod -aG {group} $USER, "
            f"then log in again"
        )
    if code in (errno.EBUSY, errno.EWOULDBLOCK) or "exclusively lock" in text:
        others = (holder for holder in holders_of(device) if holder[0] != os.getpid())
        holders = ", ".join(f"pid {pid} ({words})" for pid, words in others)
        return f"{device} is in use by {holders or 'another process'}: end it first"
    if code == errno.ENOENT or isinstance(error, FileNotFoundError) or "No such file" in text:
        there = ports()
        names = ", ".join(there) if there else "none"
        return f"{device}: there is no such port. Ports of adapters that are plugged in: {names}"
    if code in (errno.ENOTTY, errno.EISDIR) or "Inappropriate ioctl" in text:
        return f"{device} is no serial port"
    return f"{device}: {type(error).__name__}: {text or 'the device is gone'}"


def group_of(device: str) -> str:
    """The group that may use it; dialout, as on Debian and Ubuntu, when that cannot be seen."""
    try:
        return grp.getgrgid(os.stat(device).st_gid).gr_name
    except (OSError, KeyError):
        return "dialout"


def ports(by_id: Path = BY_ID) -> tuple[str, ...]:
    """Serial adapters by the names that stay the same."""
    return tuple(sorted(str(p) for p in by_id.iterdir())) if by_id.is_dir() else ()


def is_pty(device: str) -> bool:
    """A pseudo-terminal: it carries neither parity nor time."""
    return os.path.realpath(device).startswith("/dev/pts/")


def latency_ms(device: str, sysfs: Path = Path("/sys")) -> int | None:
    """How long an FTDI adapter keeps bytes back; None for a port without such a timer."""
    name = Path(os.path.realpath(device)).name
    try:
        return int((sysfs / "class" / "tty" / name / "device" / "latency_timer").read_text())
    except (OSError, ValueError):
        return None


def slow_adapter(device: str, sysfs: Path = Path("/sys")) -> str:
    """What to do about a slow latency timer, "" when there is none."""
    found = latency_ms(device, sysfs)
    if found is None or found <= SLOW_MS:
        return ""
    return (
        f"{device}: its FTDI adapter keeps bytes back for {found} ms (latency timer), so every exchange "
        f"takes that much longer. As root, for good:\n"
        f'  echo \'ACTION=="add", SUBSYSTEM=="usb-serial", DRIVER=="ftdi_sio", ATTR{{latency_timer}}="1"\' '
        f"> /etc/udev/rules.d/99-ftdi-latency.rules\n"
        f"  udevadm control --reload && udevadm trigger --action=add --subsystem-match=usb-serial"
    )
