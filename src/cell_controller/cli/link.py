"""The way from a command to a running cell."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from cell_controller.cli.errors import NoCellError
from cell_controller.cli.options import operator_name
from cell_controller.nodes.operator_client import NoAnswerError, OperatorClient
from cell_controller.runtime import ports

# Safety, alarms and drive states arrive within their periods, but each topic and each sender is discovered on
# its own: mostly within 0.15 s, now and then after 1.2 to 2.5 s (measured).
FIRST_LOOK_S = 3.0
SETTLED_S = 0.5  # without another line
LOOK_S = 0.02


@contextmanager
def connected(
    namespace: str, *, within_s: float, operator: str = "", needs_all: bool = False
) -> Iterator[OperatorClient]:
    """A client that has heard the cell's state (`needs_all`: and what else there is); NoCellError if not."""
    with OperatorClient(namespace, operator=operator or operator_name(), node_name="cell_command") as client:
        try:
            client.wait_for_state(within_s)
        except NoAnswerError as error:
            raise NoCellError(namespace, within_s) from error
        if needs_all:
            _wait_for_the_rest(client)
        yield client


def _wait_for_the_rest(client: OperatorClient) -> None:
    """Best effort: a dead interlock or bus must not keep an operator from seeing the others."""
    deadline_s = time.monotonic() + FIRST_LOOK_S
    lines = -1
    settled_at_s = 0.0
    while (now_s := time.monotonic()) < deadline_s:
        if len(client.drive_states) != lines:
            lines, settled_at_s = len(client.drive_states), now_s
        is_settled = lines > 0 and now_s - settled_at_s > SETTLED_S
        if client.safety is not None and client.age_s(ports.ALARMS) < FIRST_LOOK_S and is_settled:
            return
        time.sleep(LOOK_S)
