import importlib
import inspect
import pkgutil

import pytest

import cell_controller
from cell_controller.errors import CellError

ROS_EDGE = "cell_controller.nodes"


def modules() -> list[str]:
    """Every module of the controller but the ROS edge and the programs' entry points."""
    names = [m.name for m in pkgutil.walk_packages(cell_controller.__path__, "cell_controller.")]
    return [name for name in names if not name.startswith(ROS_EDGE) and not name.endswith("__main__")]


@pytest.mark.parametrize("name", modules())
def test_every_exception_of_the_controller_hangs_on_one_tree_and_ends_in_error(name: str) -> None:
    module = importlib.import_module(name)
    own = [c for _, c in inspect.getmembers(module, inspect.isclass) if c.__module__ == name]
    exceptions = [c for c in own if issubclass(c, BaseException)]
    assert [c.__name__ for c in exceptions if not issubclass(c, CellError)] == []
    assert [c.__name__ for c in exceptions if not c.__name__.endswith("Error")] == []
