"""What can go wrong between a drive bus and its drives."""

from cell_controller.errors import CellError


class DriveError(CellError):
    """Root of everything this room raises."""


class ProfileError(DriveError):
    """A drive profile cannot be used; `problems` has one line for each error in the file."""

    def __init__(self, path: str, problems: tuple[str, ...]) -> None:
        super().__init__(f"{path}: " + "; ".join(problems))
        self.path, self.problems = path, problems


class UnknownFieldError(DriveError):
    """A profile has no register for this quantity."""

    def __init__(self, profile: str, quantity: str) -> None:
        super().__init__(f"profile {profile} has no field {quantity}")
        self.profile, self.quantity = profile, quantity


class FieldRangeError(DriveError):
    """A value does not fit into its register; `low` and `high` are the limits in `unit`."""

    def __init__(self, profile: str, quantity: str, value: float, low: float, high: float, unit: str) -> None:
        super().__init__(f"{profile}.{quantity} = {value:g} {unit} is outside {low:g} to {high:g} {unit}")
        self.profile, self.quantity, self.value = profile, quantity, value
        self.low, self.high, self.unit = low, high, unit


class BlockLengthError(DriveError):
    """A reply brought another number of words than its block has."""

    def __init__(self, profile: str, words: int, expected: int) -> None:
        super().__init__(f"profile {profile}: {words} words for a block of {expected}")
        self.profile, self.words, self.expected = profile, words, expected


class MissingSourceError(DriveError):
    """A write sequence needs a value that was not given."""

    def __init__(self, profile: str, source: str) -> None:
        super().__init__(f"profile {profile} needs a value for {source}")
        self.profile, self.source = profile, source


class UnknownProfileError(DriveError):
    """A directory has no profile of this name, or none at all."""

    def __init__(self, name: str, directory: str, known: tuple[str, ...], near: str) -> None:
        self.name, self.directory, self.known, self.near = name, directory, known, near
        if not known:
            super().__init__(
                f"there are no drive profiles in {directory}: name their directory with --profiles"
            )
        else:
            hint = f"; did you mean {near}?" if near else "."
            super().__init__(f"no drive profile {name!r}{hint} There are {', '.join(known)}")
