"""The seams: who may import whom, what stays light to import, and how the page may touch text and the network."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FORBIDDEN = {
    "model": {"gradio", "plotly", "bertviz", "viz", "app"},
    "viz": {"torch", "transformers", "tokenizers", "app"},
}
# BertViz wants tensors: one file may carry numbers into them, and compute nothing.
ALLOWED = {("viz/stages/attention/bertviz.py", "torch")}
SHARED_WITH_VIZ = {"records", "request"}


def sources(folder: str) -> list[Path]:
    """Every Python file below a folder: without one the tests here would check nothing."""
    found = sorted((ROOT / folder).rglob("*.py"))
    assert len(found) > 5, folder
    return found


def imports(path: Path) -> set[str]:
    """Every module that a file imports, written out."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return found


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_no_file_imports_across_the_seam(folder):
    for path in sources(folder):
        name = path.relative_to(ROOT).as_posix()
        used = {module.split(".")[0] for module in imports(path)}
        crossing = {m for m in used & FORBIDDEN[folder] if (name, m) not in ALLOWED}
        assert not crossing, f"{name} imports {crossing}"


def test_viz_knows_of_model_only_its_records():
    for path in sources("viz"):
        for module in imports(path):
            parts = module.split(".")
            if parts[0] == "model" and len(parts) > 1:
                assert parts[1] in SHARED_WITH_VIZ, f"{path.relative_to(ROOT)} imports {module}"


def test_records_are_numpy_alone():
    for path in sources("model/records"):
        tops = {module.split(".")[0] for module in imports(path)}
        assert tops <= {"dataclasses", "numpy", "jaxtyping", "model", "typing", "collections"}, path.name


@pytest.mark.parametrize(
    "module", ["model.records.run", "model.startup", "model.api", "viz.wire.answers", "viz.wire.payload"]
)
def test_what_the_page_needs_first_loads_without_torch(module):
    code = f"import {module}, sys; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def scripts() -> list[Path]:
    return list((ROOT / "assets" / "js").rglob("*.js"))


def test_text_reaches_the_page_as_text_alone():
    for path in scripts():
        code = path.read_text(encoding="utf-8")
        for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
            assert way not in re.sub(r"(?s)/\*.*?\*/|//[^\n]*", "", code), f"{path.name} uses {way}"


def test_nothing_is_loaded_from_another_host():
    own = ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml")
    for path in [*scripts(), *(ROOT / "assets" / "css").glob("*.css")]:
        code = path.read_text(encoding="utf-8")
        for name in own:
            code = code.replace(name, "")
        assert not re.search(r"(https?:)?//[a-z0-9-]+\.[a-z]{2,}/", code), path.name
