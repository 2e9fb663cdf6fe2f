"""The Hub: the one place that asks it anything. Short waits, few retries, and errors that say what to do."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock
from huggingface_hub import (
    HfApi,
    constants,
    get_hf_file_metadata,
    hf_hub_download,
    hf_hub_url,
    try_to_load_from_cache,
)
from huggingface_hub.file_download import http_get, repo_folder_name
from huggingface_hub.utils import build_hf_headers

from model.request.errors import UserError
from model.source.hub_errors import in_words

SECONDS = 5.0


@dataclass(frozen=True)
class Repository:
    """One commit of a repository, found by the revision that was `asked` for. `files`: name -> bytes.

    `parameters` is 0 where the Hub does not know.
    """

    repo: str
    asked: str
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
            asked=revision,
            revision=known.sha or "",
            files={file.rfilename: file.size or 0 for file in known.siblings or []},
            gated=bool(known.gated),
            licence=str((known.card_data or {}).get("license") or ""),
            parameters=int(weights.total if weights else (known.gguf or {}).get("total", 0)),
            gguf=known.gguf or {},
        )

    def read_json(self, found: Repository, name: str) -> dict:
        """A small file of a repository, as the object it holds. Raises UserError when it is none."""
        path = self._linked(found, name, found.revision)
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, OSError) as error:
            raise UserError(f"{name} of {found.repo!r} is not JSON ({error}). Choose another revision.") from None
        if not isinstance(value, dict):
            raise UserError(f"{name} of {found.repo!r} holds no object. Choose another revision.")
        return value

    def download(self, found: Repository, name: str, bar: type) -> Path:
        """One file into the cache, the rest of it where a part is there. `bar` hears of the bytes, as tqdm would.

        The client itself begins anew each time; a part is kept beside the client's own files until it is whole.
        """
        url = hf_hub_url(found.repo, name, revision=found.revision, endpoint=self.endpoint)

        def fetch() -> None:
            about = get_hf_file_metadata(url, token=self.token, timeout=SECONDS, endpoint=self.endpoint)
            blobs = self.folder() / repo_folder_name(repo_id=found.repo, repo_type="model") / "blobs"
            blobs.mkdir(parents=True, exist_ok=True)
            blob, part = blobs / about.etag, blobs / f"{about.etag}.part"
            with FileLock(f"{part}.lock"):
                if blob.exists():
                    return
                with part.open("ab") as file:
                    there = file.tell()
                    if there < about.size:
                        headers = build_hf_headers(token=self.token)
                        http_get(
                            url, file, resume_size=there, headers=headers, expected_size=about.size, tqdm_class=bar
                        )
                os.replace(part, blob)

        in_words(fetch, found.repo, found.revision)
        return self._linked(found, name, found.revision)

    def remember(self, found: Repository) -> None:
        """Notes which commit the asked revision was, so that it is found again without a network."""
        small = min(found.files, key=lambda name: found.files[name])
        self._linked(found, small, found.asked or "main")

    def _linked(self, found: Repository, name: str, revision: str) -> Path:
        """A file at its place in the cache; fetched where it is not there at all."""
        asked = {"revision": revision, "endpoint": self.endpoint, "cache_dir": self.cache, "token": self.token}

        def fetch() -> str:
            return hf_hub_download(found.repo, name, **asked, etag_timeout=SECONDS)

        return Path(in_words(fetch, found.repo, found.revision))

    def has(self, found: Repository, name: str) -> bool:
        """Whether a file is in the cache, whole."""
        path = try_to_load_from_cache(found.repo, name, self.cache, found.revision)
        return isinstance(path, str)

    def folder(self) -> Path:
        """Where files are kept between starts."""
        return Path(self.cache or constants.HF_HUB_CACHE)

    def copy_on_disk(self, repo: str, revision: str, file: str) -> Path | None:
        """The folder of an earlier download that has `file`, though it may lack others; None where there is none."""
        path = try_to_load_from_cache(repo, file, self.cache, revision or None)
        return Path(path).parents[file.count("/")] if isinstance(path, str) else None
