"""What Gradio's routes take, as types: what is around a request of the page, or around a call's arguments."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from model.request.errors import UserError
from viz.door.routes import CALL, CANCEL, JOIN, LOOK
from viz.wire.decode import parse, typed
from viz.wire.halts import LONGEST_ID

Session = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_ID)]


class LookEnvelope(msgspec.Struct):
    data: str
    component_id: int
    fn_name: Literal["look", "halt"]
    session_hash: Session


class JoinEnvelope(msgspec.Struct):
    data: list[Any]
    fn_index: int
    session_hash: Session
    event_data: Any = None
    trigger_id: int | None = None


class CancelEnvelope(msgspec.Struct):
    session_hash: Session
    fn_index: int
    event_id: Session


class CallEnvelope(msgspec.Struct):
    data: list[Any]


@dataclass(frozen=True)
class Served:
    """The page's component, how many values each of its functions takes, and which function each call is.

    Functions by their index, calls by name.
    """

    component: int
    inputs: Mapping[int, int]
    calls: Mapping[str, int]

    def check(self, path: str, body: bytes) -> None:
        """Raises UserError for a body that this route does not take."""
        sent = parse(body)
        if path == LOOK:
            component = typed(sent, LookEnvelope).component_id
            if component != self.component:
                raise UserError(f"component_id is {component}; this page's is {self.component}. Reload the page.")
        elif path == JOIN:
            joined = typed(sent, JoinEnvelope)
            if joined.fn_index not in self.inputs:
                raise UserError(
                    f"fn_index is {joined.fn_index}; this page has functions 0 to {max(self.inputs)}. Reload the page."
                )
            self._check_values(joined.fn_index, joined.data)
        elif path == CANCEL:
            typed(sent, CancelEnvelope)
        elif path.startswith(CALL):
            self._check_values(self.calls[path.removeprefix(CALL)], typed(sent, CallEnvelope).data)

    def _check_values(self, function: int, data: list[Any]) -> None:
        wanted = self.inputs[function]
        if len(data) != wanted:
            raise UserError(f"data has {len(data):,} values; this call takes {wanted}. Send all of them, in order.")
