"""Errors whose text is meant for the visitor."""


class UserError(ValueError):
    """What the visitor asked for cannot be done; the text names the value, the limit and the way out."""


class Evicted(UserError):
    """The run's tensors were given up to make room; running the recipe again brings them back."""


class NotReady(UserError):
    """The model is not there yet: the same call will do when it is."""


class Cancelled(Exception):
    """The visitor left or asked to stop; raised inside the work, where it next looks up."""
