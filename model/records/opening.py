"""Records of models that can be opened: what is known of a model before its weights are read."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Inspection:
    """What config, file list and file headers tell about a model, and what opening it here requires.

    `memory_bytes` is the size of the weights in their target dtype plus an allowance for working memory;
    `download_bytes` counts only files that are not on the disk yet.
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
    """One model in memory. `device` and `dtype` are its actual ones; a recipe selects it by the last four fields.

    `is_current`: this is the model of the recipe in the request.
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
    """Devices and dtypes in which a page can open models, the page's own device first; `default_dtypes` by device."""

    devices: tuple[str, ...]
    dtypes: tuple[str, ...]
    default_device: str
    default_dtypes: dict[str, str]
