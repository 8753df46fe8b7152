"""Every value that travels between Units, as frozen dataclasses; cell_msgs mirrors what leaves a process."""

from cell_controller.messages.actions import *  # noqa: F403
from cell_controller.messages.enums import *  # noqa: F403
from cell_controller.messages.guarded import *  # noqa: F403
from cell_controller.messages.local import *  # noqa: F403
from cell_controller.messages.operator import *  # noqa: F403
