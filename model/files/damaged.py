"""What is said of a file that cannot be read to its end."""

from pathlib import Path


def damaged(path: Path, why: str) -> str:
    """The refusal of a damaged file, with a way out."""
    return f"{path.name} is damaged or cut short: {why[:200]}. Delete it and fetch it again, or choose another model."
