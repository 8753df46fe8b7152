"""What a plant's record says about motion, for scenarios."""

from math import inf

from cell_controller.config import AxisDrive, SpindleDrive
from cell_controller.config.models import WeldingRobot
from cell_controller.messages import SafetyPhase, Verdict
from cell_controller.packml import State
from cell_sim.host.simcell import SimCell
from cell_sim.plant.record import MOTION_KINDS

TURNING_SHARE = 0.9  # of the speed before: slip under load and ripple, not the beginning of a ramp
SAMPLE_S = 0.02  # two samples of the record: the last sample faster than standstill may be that early


def standstills(cell: SimCell) -> dict[str, float]:
    """Axes and spindles with the speed below which they stand."""
    found: dict[str, float] = {}
    for name, drive in cell.cell.drives.items():
        if isinstance(drive, AxisDrive):
            found[name] = drive.standstill_m_s
        elif isinstance(drive, SpindleDrive):
            found[name] = drive.standstill_rpm
    return found


def last_motion_s(cell: SimCell, drive: str) -> float:
    """When the drive was last faster than standstill; -inf if it never was."""
    last_s = cell.record.last_motion_s(drive, standstills(cell)[drive])
    return -inf if last_s is None else last_s


def budget_s(cell: SimCell, drive: str) -> float:
    """What `cell check` computes for the line of this drive, from a death or a hang to standstill."""
    return cell.plan.lines[cell.cell.drives[drive].line].stop_time_s


def longest_budget_s(cell: SimCell) -> float:
    return max(line.stop_time_s for line in cell.plan.lines.values())


def assert_stood_still_in_time(cell: SimCell, fault_at_s: float) -> None:
    for drive in standstills(cell):
        moved_s = last_motion_s(cell, drive) - fault_at_s
        assert moved_s <= budget_s(cell, drive), f"{drive} moved {moved_s:.3f} s longer"


def assert_no_motion_frame_after_its_program(cell: SimCell, fault_at_s: float) -> None:
    for drive in standstills(cell):
        late = cell.record.setpoints(drive, fault_at_s + budget_s(cell, drive))
        frames = [w for w in late if w.kind in MOTION_KINDS]
        assert not frames, f"{drive}: {frames[:3]}"


def assert_nothing_moved_since(cell: SimCell, since_s: float) -> None:
    for drive in standstills(cell):
        assert last_motion_s(cell, drive) < since_s + SAMPLE_S, (
            f"{drive} moved at t={last_motion_s(cell, drive):.3f} s"
        )


def is_in(cell: SimCell, state: State) -> bool:
    return cell.state is not None and cell.state.state == state


def assert_tool_left_turning(cell: SimCell, since_s: float, within_s: float) -> None:
    """The pin came out of the part in time, and until then the spindle kept its speed."""
    robot = next(s for s in cell.cell.stations.values() if isinstance(s, WeldingRobot))
    surface_m = max(part.thickness_m for part in cell.plant.parts)
    out_s = next((s.at_s for s in cell.record.samples(robot.z, since_s) if s.position > surface_m), inf)
    assert out_s <= since_s + within_s, f"the tool left {out_s - since_s:.3f} s after"
    speeds = [abs(s.speed) for s in cell.record.samples(robot.spindle, since_s - 1.0) if s.at_s <= out_s]
    assert speeds
    assert min(speeds) > TURNING_SHARE * speeds[0], f"{min(speeds):.0f} of {speeds[0]:.0f} rpm"
    assert not any(part.weld.is_torn for part in cell.plant.parts)
    assert not cell.plant.tool_in_material


def assert_tripped_with_a_suspect_part(cell: SimCell) -> None:
    assert cell.safety is not None
    assert cell.safety.phase is SafetyPhase.TRIPPED
    assert is_in(cell, State.ABORTED), cell.describe()
    assert verdicts_to_decide(cell) == [Verdict.SUSPECT]


def verdicts_to_decide(cell: SimCell) -> list[Verdict]:
    """Of the parts that wait for a person's disposition."""
    return [p.verdict for p in (cell.state.parts if cell.state else ()) if p.needs_disposition]
