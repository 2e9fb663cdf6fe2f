"""The Hub: the one place that asks it anything. Short waits, few retries, and errors that say what to do."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from huggingface_hub import HfApi, constants, hf_hub_download, snapshot_download, try_to_load_from_cache
from huggingface_hub.errors import (
    HFValidationError,
    LocalEntryNotFoundError,
)

from model.errors import UserError
from model.hub_errors import in_words

SECONDS = 5.0


@dataclass(frozen=True)
class Repository:
    """One revision of a repository. `files`: name -> bytes. `parameters`: 0 where the Hub does not know."""

    repo: str
    revision: str
    files: dict[str, int]
    gated: bool
    licence: str
    parameters: int
    gguf: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Hub:
    """`endpoint` None is huggingface.co; `token` False keeps the owner's own rights from visitors."""

    endpoint: str | None = None
    token: bool | None = None
    cache: Path | None = None

    def look(self, repo: str, revision: str) -> Repository:
        """What a repository holds, with sizes. Raises UserError for what cannot be had, Unreachable off the net."""
        api = HfApi(endpoint=self.endpoint, token=self.token)

        def ask():
            return api.model_info(repo, revision=revision or None, timeout=SECONDS, files_metadata=True)

        known = in_words(ask, repo, revision)
        weights = known.safetensors
        return Repository(
            repo=repo,
            revision=known.sha or "",
            files={file.rfilename: file.size or 0 for file in known.siblings or []},
            gated=bool(known.gated),
            licence=str((known.card_data or {}).get("license") or ""),
            parameters=int(weights.total if weights else (known.gguf or {}).get("total", 0)),
            gguf=known.gguf or {},
        )

    def read_json(self, found: Repository, name: str) -> dict:
        """A small file of a repository, as the object it holds. Raises UserError when it is none."""
        path = self.download(found, name)
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, OSError) as error:
            raise UserError(f"{name} of {found.repo!r} is not JSON ({error}). Choose another revision.") from None
        if not isinstance(value, dict):
            raise UserError(f"{name} of {found.repo!r} holds no object. Choose another revision.")
        return value

    def download(self, found: Repository, name: str, bar: type | None = None) -> Path:
        """One file into the cache, the rest of it where a part is there. `bar` hears of the bytes, as tqdm would."""
        asked = {"revision": found.revision, "endpoint": self.endpoint, "cache_dir": self.cache, "token": self.token}

        def fetch() -> str:
            return hf_hub_download(found.repo, name, **asked, tqdm_class=bar, etag_timeout=SECONDS)

        return Path(in_words(fetch, found.repo, found.revision))

    def has(self, found: Repository, name: str) -> bool:
        """Whether a file is in the cache, whole."""
        path = try_to_load_from_cache(found.repo, name, self.cache, found.revision)
        return isinstance(path, str)

    def folder(self) -> Path:
        """Where files are kept between starts."""
        return Path(self.cache or constants.HF_HUB_CACHE)

    def copy_on_disk(self, repo: str, revision: str) -> Path | None:
        """The folder of an earlier download, which may lack files; None where there is none."""
        try:
            return Path(snapshot_download(repo, revision=revision or None, cache_dir=self.cache, local_files_only=True))
        except (LocalEntryNotFoundError, HFValidationError, OSError, ValueError):
            return None
