"""Errors whose text is meant for the visitor."""


class UserError(ValueError):
    """The request cannot be carried out; the text names the value, the limit and a way out."""


class Evicted(UserError):
    """The run's tensors were evicted from memory; running the recipe again restores them."""


class NotReady(UserError):
    """The model is still loading; the same call works once it is loaded."""


class Cancelled(Exception):
    """The visitor left or pressed stop; raised inside the work at its next check."""
