"""A recipe: how one kind of part is made, and what makes it bad."""

from __future__ import annotations

from pydantic import Field

from cell_controller.config.values import Name, NonNegative, Number, Positive, Strict, Text

# Here the tool itself is taken out, whatever the weld is like: nothing above it can be a limit of a part.
TOOL_LIMIT_C = 550.0


class Part(Strict):
    """The part."""

    material: Text = Field(description="material and temper")
    thickness_m: Positive = Field(description="plate thickness in m")
    seam_m: Positive = Field(description="length of the seam in m")
    grind_length_m: Positive = Field(description="length of the ground face in m")
    grind_width_m: Positive = Field(description="width of the ground face in m")


class WeldTool(Strict):
    """The friction stir welding tool."""

    shoulder_radius_m: Positive = Field(description="shoulder radius in m")
    pin_radius_m: Positive = Field(description="pin radius in m")
    pin_length_m: Positive = Field(description="pin length in m")


class WeldLimits(Strict):
    """A part outside these is bad."""

    axial_force_min_n: Positive = Field(description="least mean axial force in N; below it tunnel voids")
    axial_force_max_n: Positive = Field(description="greatest mean axial force in N; above it flash")
    temperature_min_c: Number = Field(description="least tool temperature in C while traversing")
    temperature_max_c: float = Field(
        strict=True,
        allow_inf_nan=False,
        le=TOOL_LIMIT_C,
        description="greatest tool temperature in C while traversing",
    )
    revolutions_per_mm_min: Positive = Field(description="least spindle revolutions per mm of travel")


class WeldRecipe(Strict):
    """Parameters of the weld, in the order of its phases."""

    spindle_rpm: Positive = Field(description="spindle speed in rpm")
    touch_speed_m_s: Positive = Field(description="downward speed until the pin touches, in m/s")
    touch_force_n: Positive = Field(description="axial force that counts as touch in N")
    plunge_speed_m_s: Positive = Field(description="plunge speed in m/s")
    heel_plunge_m: NonNegative = Field(description="depth of the shoulder's heel under the surface in m")
    dwell_start_s: NonNegative = Field(description="dwell after the plunge in s")
    traverse_speed_m_s: Positive = Field(description="travel speed along the seam in m/s")
    axial_force_n: Positive = Field(description="target of the axial force loop in N")
    depth_authority_m: NonNegative = Field(
        description="the force loop may move Z this far from the depth, in m"
    )
    dwell_end_s: NonNegative = Field(description="dwell at the end of the seam in s")
    retract_speed_m_s: Positive = Field(description="speed of the retract in m/s")
    limits: WeldLimits = Field(description="a part outside is bad")


class GrindLimits(Strict):
    """A part outside these is bad."""

    size_tolerance_m: Positive = Field(description="greatest deviation of the gauge reading in m")
    finish_max_um: Positive = Field(description="greatest roughness Ra in um")


class GrindRecipe(Strict):
    """Parameters of the grinding, in the order of its phases."""

    wheel_rpm: Positive = Field(description="wheel speed in rpm")
    approach_m: Positive = Field(description="infeed position in m at which gap elimination starts")
    gap_speed_m_s: Positive = Field(description="infeed speed until contact in m/s")
    contact_force_n: Positive = Field(description="normal force that counts as contact in N")
    rough_m: Positive = Field(description="depth of roughing from contact in m")
    rough_speed_m_s: Positive = Field(description="infeed speed of roughing in m/s")
    finish_m: Positive = Field(description="depth of finishing in m")
    finish_speed_m_s: Positive = Field(description="infeed speed of finishing in m/s")
    traverse_speed_m_s: Positive = Field(description="traverse speed in m/s")
    spark_out_max_s: Positive = Field(description="longest spark-out in s")
    size_m: Number = Field(description="gauge reading over the nominal surface at the end in m")
    power_max_w: Positive = Field(description="limit of the wheel's power in W")
    limits: GrindLimits = Field(description="a part outside is bad")


class Recipe(Strict):
    """One recipe file."""

    name: Name = Field(description="name in orders and records")
    label: Text = Field(description="name that operators see")
    part: Part = Field(description="the part")
    tool: WeldTool = Field(description="the welding tool")
    weld: WeldRecipe = Field(description="weld parameters")
    grind: GrindRecipe = Field(description="grinding parameters")
