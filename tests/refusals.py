"""Sources of models, looked at and refused before any weights are read."""

import json

import pytest

from model.request.errors import UserError
from model.source.hub import Hub
from model.source.inspect import inspect_source
from model.source.sources import parse_source


def looked(name, hub=None, revision=""):
    """The plan of opening a model, as it is made before anything is read."""
    return inspect_source(parse_source(str(name), revision), "cpu", "float32", hub or Hub("http://127.0.0.1:9"))


def refused(name, message, **asked):
    """What is said of a source that is no model: `message`, as a regular expression, in whole sentences."""
    with pytest.raises(UserError, match=message) as error:
        looked(name, **asked)
    assert str(error.value).endswith((".", ")."))
    return str(error.value)


def config(folder, **changes):
    """Writes other values into the config of a saved model."""
    (folder / "config.json").write_text(json.dumps(json.loads((folder / "config.json").read_text()) | changes))
