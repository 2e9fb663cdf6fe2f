"""All requests to the Hub, with short timeouts, few retries, and errors that say what to do."""

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
from model.source.hub_errors import user_errors

SECONDS = 5.0


@dataclass(frozen=True)
class Repository:
    """One commit of a repository; `revision` is the commit of the `requested` one. `files`: name -> bytes.

    `parameters` is 0 if the Hub does not know the number.
    """

    repo: str
    requested: str
    revision: str
    files: dict[str, int]
    gated: bool
    licence: str
    parameters: int
    gguf: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Hub:
    """Access to the Hub. `endpoint` None is huggingface.co; `token` False denies visitors the owner's access rights."""

    endpoint: str | None = None
    token: bool | None = None
    cache: Path | None = None

    def look(self, repo: str, revision: str) -> Repository:
        """The contents of a repository, with sizes. Raises UserError if it is refused, Unreachable without network."""
        api = HfApi(endpoint=self.endpoint, token=self.token)

        def ask():
            return api.model_info(repo, revision=revision or None, timeout=SECONDS, files_metadata=True)

        info = user_errors(ask, repo, revision)
        weights = info.safetensors
        return Repository(
            repo=repo,
            requested=revision,
            revision=info.sha or "",
            files={file.rfilename: file.size or 0 for file in info.siblings or []},
            gated=bool(info.gated),
            licence=str((info.card_data or {}).get("license") or ""),
            parameters=int(weights.total if weights else (info.gguf or {}).get("total", 0)),
            gguf=info.gguf or {},
        )

    def read_json(self, repository: Repository, name: str) -> dict:
        """Reads a small JSON file of a repository that contains an object. Raises UserError for anything else."""
        path = self._cached_file(repository, name, repository.revision)
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, OSError) as error:
            raise UserError(f"{name} of {repository.repo!r} is not JSON ({error}). Choose another revision.") from None
        if not isinstance(value, dict):
            raise UserError(f"{name} of {repository.repo!r} holds no object. Choose another revision.")
        return value

    def download(self, repository: Repository, name: str, bar: type) -> Path:
        """Downloads one file into the cache, or the rest of it. `bar` is a class like tqdm that receives the progress.

        The client itself restarts from zero; so a partial file is kept next to the client's own files until it is
        complete.
        """
        url = hf_hub_url(repository.repo, name, revision=repository.revision, endpoint=self.endpoint)

        def fetch() -> None:
            about = get_hf_file_metadata(url, token=self.token, timeout=SECONDS, endpoint=self.endpoint)
            blobs = self.folder() / repo_folder_name(repo_id=repository.repo, repo_type="model") / "blobs"
            blobs.mkdir(parents=True, exist_ok=True)
            if about.etag is None or about.size is None:
                raise UserError(f"The Hub gives neither name nor size of the file {name!r}. Choose another model.")
            blob, part = blobs / about.etag, blobs / f"{about.etag}.part"
            with FileLock(f"{part}.lock"):
                if blob.exists():
                    return
                with part.open("ab") as file:
                    done = file.tell()
                    if done < about.size:
                        headers = build_hf_headers(token=self.token)
                        http_get(url, file, resume_size=done, headers=headers, expected_size=about.size, tqdm_class=bar)
                os.replace(part, blob)

        user_errors(fetch, repository.repo, repository.revision)
        return self._cached_file(repository, name, repository.revision)

    def remember(self, repository: Repository) -> None:
        """Stores which commit the requested revision is, so that it can be resolved without a network."""
        smallest = min(repository.files, key=lambda name: repository.files[name])
        self._cached_file(repository, smallest, repository.requested or "main")

    def _cached_file(self, repository: Repository, name: str, revision: str) -> Path:
        """The path of a file in the cache; downloads it if it is missing."""
        options = {"revision": revision, "endpoint": self.endpoint, "cache_dir": self.cache, "token": self.token}

        def fetch() -> str:
            return hf_hub_download(repository.repo, name, **options, etag_timeout=SECONDS)

        return Path(user_errors(fetch, repository.repo, repository.revision))

    def has(self, repository: Repository, name: str) -> bool:
        """Whether the complete file is in the cache."""
        path = try_to_load_from_cache(repository.repo, name, self.cache, repository.revision)
        return isinstance(path, str)

    def folder(self) -> Path:
        """The folder of the cache."""
        return Path(self.cache or constants.HF_HUB_CACHE)

    def copy_on_disk(self, repo: str, revision: str, file: str) -> Path | None:
        """The folder of an earlier download that has `file`, though it may lack others; None if there is none."""
        path = try_to_load_from_cache(repo, file, self.cache, revision or None)
        return Path(path).parents[file.count("/")] if isinstance(path, str) else None
