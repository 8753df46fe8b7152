"""The cell file's stations: which drives and signals they are built from, and where their positions are."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from cell_controller.config.values import Name, Number, Positive, StationKind, Strict, Text


class StationPrograms(Strict):
    """The stop programs of a station; which is in force follows from its phase."""

    clear: Name = Field(description="program in force while the tool is clear of the part")
    material: Name = Field(description="program in force from before touch until clear again")


class _Station(Strict):
    label: Text = Field(description="name that operators see")
    programs: StationPrograms = Field(description="stop programs")


class WeldingRobot(_Station):
    """Cartesian friction stir welding robot: three axes and a spindle."""

    kind: Literal[StationKind.WELDING_ROBOT]
    place: Name = Field(description="place of the conveyor where it works")
    x: Name = Field(description="axis along the seam")
    y: Name = Field(description="axis across the seam")
    z: Name = Field(description="axis of the plunge, up is positive, 0 is the anvil")
    spindle: Name = Field(description="spindle drive")
    clamp: Name = Field(description="output that closes the clamp")
    clamp_closed: Name = Field(description="input: clamp is closed")
    temperature: Name = Field(description="analog input of the tool temperature in C")
    safe_z_m: Positive = Field(description="height in m at which the robot may travel and the belt may move")
    park_x_m: Number = Field(description="x of the park position in m")
    park_y_m: Number = Field(description="y of the park position in m")
    seam_start_x_m: Number = Field(description="x where the seam starts in m")
    seam_y_m: Number = Field(description="y of the seam in m")
    rapid_m_s: Positive = Field(description="speed of moves clear of the part in m/s")
    stiffness_n_m: Positive = Field(description="stiffness of the gantry against axial force in N/m")

    @property
    def drives(self) -> tuple[str, ...]:
        """The drives that this station moves."""
        return (self.x, self.y, self.z, self.spindle)

    @property
    def signals(self) -> tuple[str, ...]:
        """Inputs and analog inputs that this station reads."""
        return (self.clamp_closed, self.temperature)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Outputs that this station switches."""
        return (self.clamp,)


class GrindingSpindle(_Station):
    """Surface grinding unit: infeed axis, traverse axis and a wheel."""

    kind: Literal[StationKind.GRINDING_SPINDLE]
    place: Name = Field(description="place of the conveyor where it works")
    infeed: Name = Field(description="infeed axis; 0 is the part's nominal surface, the part is negative")
    traverse: Name = Field(description="traverse axis")
    wheel: Name = Field(description="spindle drive that carries the wheel")
    clamp: Name = Field(description="output that closes the clamp")
    clamp_closed: Name = Field(description="input: clamp is closed")
    gauge: Name = Field(description="analog input of the size gauge in m over the nominal surface")
    finish: Name = Field(description="analog input of the roughness Ra in um")
    safe_infeed_m: Positive = Field(description="infeed position in m at which the belt may move")
    park_traverse_m: Number = Field(description="traverse position at rest in m")
    traverse_start_m: Number = Field(description="traverse position where the ground face starts in m")
    rapid_m_s: Positive = Field(description="speed of moves clear of the part in m/s")
    stiffness_n_m: Positive = Field(description="stiffness of wheel against part in N/m")

    @property
    def drives(self) -> tuple[str, ...]:
        """The drives that this station moves."""
        return (self.infeed, self.traverse, self.wheel)

    @property
    def signals(self) -> tuple[str, ...]:
        """Inputs and analog inputs that this station reads."""
        return (self.clamp_closed, self.gauge, self.finish)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Outputs that this station switches."""
        return (self.clamp,)


class Conveyor(_Station):
    """Indexing conveyor: one axis carries the parts from place to place."""

    kind: Literal[StationKind.CONVEYOR]
    axis: Name = Field(description="belt axis")
    places: tuple[Name, ...] = Field(min_length=2, description="places in the direction of travel")
    part_present: tuple[Name, ...] = Field(description="input at each place: a part is there")
    load_request: Name = Field(description="output that asks the loader for one part")
    pitch_m: Positive = Field(description="distance between two places in m")
    speed_m_s: Positive = Field(description="indexing speed in m/s")
    in_place_m: Positive = Field(description="nearer than this to a pitch is in place, in m")
    jam_factor: float = Field(
        strict=True,
        allow_inf_nan=False,
        gt=1,
        description="longer than this times the expected travel is a jam",
    )

    @property
    def drives(self) -> tuple[str, ...]:
        """The drives that this station moves."""
        return (self.axis,)

    @property
    def signals(self) -> tuple[str, ...]:
        """Inputs and analog inputs that this station reads."""
        return self.part_present

    @property
    def outputs(self) -> tuple[str, ...]:
        """Outputs that this station switches."""
        return (self.load_request,)


Station = Annotated[WeldingRobot | GrindingSpindle | Conveyor, Field(discriminator="kind")]
