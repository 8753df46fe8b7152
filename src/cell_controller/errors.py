"""The root of every exception that the controller raises on purpose."""


class CellError(Exception):
    """Something the cell was asked to do, read or obey is not possible.

    Each room derives its own branch beside the code that raises it; a leaf carries the device, the value
    and the limit it failed on as attributes.

        CellError
        +-- config    a cell file that cannot be used: every error with file, line, key, value and remedy
        +-- packml    a command that is illegal in the present state and mode, with the legal ones
        +-- drives    a line that is closed or silent, a frame that is broken, a register out of its range
        +-- safety    a permit, stop program or limit that contradicts another
        +-- stations  a recipe or phase that the station cannot run
        +-- cell      an order, a part or a recovery task that cannot be accepted
        +-- bringup   a cell that cannot be started: a name, a line or a domain that is in use
    """
