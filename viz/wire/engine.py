"""What views and jobs are given and give back, by name for the type checker: the page itself loads no model."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from model.records.progress import Progress

if TYPE_CHECKING:
    from model.engine.core import LocalEngine as Engine
    from model.pool import ModelPool as Pool
    from model.startup import Startup
else:
    Engine = Pool = Startup = Any

T = TypeVar("T")
# What a job gives: how far it is, and what it has found so far.
Job = Iterator[Progress | T]
