"""The seams: who may import whom, what stays light to import, and how the page may touch text and the network."""

import ast
import importlib
import re
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path

import numpy as np
import pytest
import torch
from jaxtyping import TypeCheckError

from tests.conftest import UNCHECKED

ROOT = Path(__file__).resolve().parent.parent
FORBIDDEN = {
    "model": {"gradio", "plotly", "bertviz", "viz", "app"},
    "viz": {"torch", "transformers", "tokenizers", "app"},
}
# BertViz needs tensors: one file may create them, but computes nothing.
ALLOWED = {("viz/stages/attention/bertviz.py", "torch")}
SHARED_WITH_VIZ = {"records", "request"}
# Names the engine to the type checker, and imports nothing of it when it runs.
NAMES_THE_ENGINE = "viz/wire/engine.py"


def sources(folder: str, pattern: str = "*.py") -> list[Path]:
    """Every such file below a folder: without one the tests here would check nothing."""
    found = sorted((ROOT / folder).rglob(pattern))
    assert len(found) > 5, f"{pattern} in {folder}"
    return found


def imports(path: Path) -> set[str]:
    """Every module that a file imports, written out."""
    return imports_in(path, ast.parse(path.read_text(encoding="utf-8")))


def imports_in(path: Path, tree: ast.AST) -> set[str]:
    """Every module that a part of a file imports."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.relative_to(ROOT)} imports by dots, which nothing here follows"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def imports_for_types(path: Path) -> set[str]:
    """What a file imports for the type checker alone."""
    tests = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.If)]
    guarded = [test for test in tests if isinstance(test.test, ast.Name) and test.test.id == "TYPE_CHECKING"]
    return {module for test in guarded for node in test.body for module in imports_in(path, node)}


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_no_file_imports_across_the_seam(folder):
    for path in sources(folder):
        name = path.relative_to(ROOT).as_posix()
        used = {module.split(".")[0] for module in imports(path)}
        crossing = {m for m in used & FORBIDDEN[folder] if (name, m) not in ALLOWED}
        assert not crossing, f"{name} imports {crossing}"


def test_viz_knows_of_model_only_its_records():
    for path in sources("viz"):
        used = imports(path)
        if path.relative_to(ROOT).as_posix() == NAMES_THE_ENGINE:
            used -= imports_for_types(path)
        for module in used:
            top, package, *_ = *module.split("."), "all of it"
            assert top != "model" or package in SHARED_WITH_VIZ, f"{path.relative_to(ROOT)} imports {module}"


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


def test_shapes_and_types_are_checked_in_every_module_of_model():
    for name in ("model.open", "model.api", "model.startup"):
        importlib.import_module(name)
    loaded = {name: module for name, module in sys.modules.items() if name.startswith("model.")}
    assert len(loaded) > 100
    for name, module in loaded.items():
        plain = type(module.__loader__) is SourceFileLoader
        assert plain == (Path(module.__file__).stem in UNCHECKED), f"{name} is loaded by {module.__loader__}"
    to_numpy = loaded["model.runtime.to_numpy"].to_numpy
    assert to_numpy(torch.ones(2)).tolist() == [1.0, 1.0]
    with pytest.raises(TypeCheckError):
        to_numpy(np.ones(2))


def test_text_reaches_the_page_as_text_alone():
    for path in sources("assets/js", "*.js"):
        code = path.read_text(encoding="utf-8")
        for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
            assert way not in code, f"{path.name} uses {way}"


def test_nothing_is_loaded_from_another_host():
    # Names of languages, and the page around ours: nothing is asked of these.
    own = ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml", "const HOST = 'https://huggingface.co'")
    for path in [*sources("assets/js", "*.js"), *sources("assets/css", "*.css")]:
        code = path.read_text(encoding="utf-8")
        for name in own:
            code = code.replace(name, "")
        assert not re.search(r"(?i)(https?:)?//[a-z0-9-]+(\.[a-z0-9-]+)+", code), path.name
