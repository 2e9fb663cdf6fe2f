"""Downloads a plan's missing files into the cache, with progress in bytes; it can be stopped and resumed."""

import shutil
from collections.abc import Callable
from pathlib import Path

from model.records.progress import Progress
from model.request.errors import UserError
from model.runtime.present import present
from model.source.hub import Hub
from model.source.inspect import Plan

SPARE_BYTES = 500_000_000


def download(plan: Plan, hub: Hub, report: Callable[[Progress], None]) -> Path:
    """The folder with all files of the plan. An exception from `report` ends the download; the part so far is kept.

    Raises UserError if the disk is too small or the Hub refuses.
    """
    total, done = max(plan.about.download_bytes, 1), 0
    _check_disk(plan, hub)
    path, repository = Path(), present(plan.repository)
    for name in plan.to_fetch:
        path = hub.download(repository, name, _progress_bar(f"Downloading {name}", done, total, report))
        done += repository.files[name]
    if plan.about.download_bytes:
        hub.remember(repository)
    # A file in a subfolder of the repository is that many levels deeper.
    return path.parents[plan.to_fetch[-1].count("/")]


def _check_disk(plan: Plan, hub: Hub) -> None:
    existing = next(folder for folder in (hub.folder(), *hub.folder().parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    if plan.about.download_bytes + SPARE_BYTES > free:
        raise UserError(
            f"{plan.about.name!r} is a download of {plan.about.download_bytes / 1e9:.3g} GB; the disk has "
            f"{free / 1e9:.3g} GB free. Make room, or set HF_HOME to a larger disk."
        )


def _progress_bar(message: str, before: int, total: int, report: Callable[[Progress], None]) -> type:
    """A class that the Hub's client uses like tqdm; it reports the number of bytes received."""

    class Bar:
        def __init__(self, *_, initial: int = 0, **__):
            self.n = initial or 0
            self.update(0)

        def update(self, n: float | int = 1) -> None:
            self.n += n
            report(Progress(message, min(before + int(self.n), total), total, "bytes"))

        def __enter__(self) -> "Bar":
            return self

        def __exit__(self, *_) -> None:
            pass

        def close(self) -> None:
            pass

    return Bar
