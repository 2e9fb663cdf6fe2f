"""Records about models that may be opened: what is known of one before its weights are read."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Inspection:
    """What config, file list and file headers say of a model, and what opening it here takes.

    `memory_bytes` are the weights in the dtype they will have, and the share on top for the work on them;
    `download_bytes` is what is not on the disk yet.
    """

    name: str
    revision: str
    family: str
    n_layers: int
    n_parameters: int
    context: int
    licence: str
    has_chat_template: bool
    device: str
    dtype: str
    download_bytes: int
    memory_bytes: int
    free_bytes: int


@dataclass(frozen=True)
class LoadedModel:
    """One model that is in memory: `device` and `dtype` are what it has, the others what a recipe says to get it.

    `is_current`: the recipe that was asked about has this model.
    """

    title: str
    device: str
    dtype: str
    n_bytes: int
    has_chat_template: bool
    is_current: bool
    model: str
    revision: str
    asked_device: str
    asked_dtype: str


@dataclass(frozen=True)
class Choices:
    """Where a page can open models, and in which numbers: `default_dtypes` by device, the page's own device first."""

    devices: tuple[str, ...]
    dtypes: tuple[str, ...]
    default_device: str
    default_dtypes: dict[str, str]
