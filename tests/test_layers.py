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
ALLOWED = {("viz/views/bertviz.py", "torch")}
SHARED_WITH_VIZ = {"errors", "recipe", "validate"}


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
    for path in (ROOT / folder).rglob("*.py"):
        name = path.relative_to(ROOT).as_posix()
        used = {module.split(".")[0] for module in imports(path)}
        crossing = {m for m in used & FORBIDDEN[folder] if (name, m) not in ALLOWED}
        assert not crossing, f"{name} imports {crossing}"


def test_viz_knows_of_model_only_its_records():
    for path in (ROOT / "viz").rglob("*.py"):
        for module in imports(path):
            parts = module.split(".")
            if parts[0] == "model" and len(parts) > 1:
                known = parts[1].startswith("records") or parts[1] in SHARED_WITH_VIZ
                assert known, f"{path.relative_to(ROOT)} imports {module}"


def test_records_are_numpy_alone():
    for path in (ROOT / "model").glob("records*.py"):
        tops = {module.split(".")[0] for module in imports(path)}
        assert tops <= {"dataclasses", "numpy", "jaxtyping", "model", "typing", "collections"}, path.name


@pytest.mark.parametrize("module", ["model.records", "model.startup", "model.api", "viz.answers", "viz.payload"])
def test_what_the_page_needs_first_loads_without_torch(module):
    code = f"import {module}, sys; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


# Comments are not taken out first: a pattern that takes too much would leave nothing to look at.
MARKUP = re.compile(
    r"\b(innerHTML|outerHTML|insertAdjacentHTML|setHTML\w*|createContextualFragment|srcdoc)\b"
    r"|document\.write|\beval\s*\(|\bnew Function\b|javascript:"
)
# BertViz's own page goes into a frame that may run scripts and nothing else.
FRAMED = {("prefill_bertviz.js", "srcdoc")}
# A namespace is a name, not an address.
NAMESPACE = re.compile(r"http://www\.w3\.org/(2000/svg|1999/xhtml|1999/xlink)\b")
OTHER_HOST = re.compile(r"(https?:|wss?:|[\"'`(])//[a-z0-9-]", re.IGNORECASE)


def assets(*kinds: str) -> list[Path]:
    """Our own files of the page; what is vendored is others' work."""
    folder = ROOT / "assets"
    files = [path for path in folder.rglob("*") if path.suffix in kinds and "vendor" not in path.parts]
    assert len(files) > 10
    return files


@pytest.mark.parametrize(
    "line",
    [
        "node.innerHTML = text; // why not",
        "// a comment\nnode.insertAdjacentHTML('beforeend', text)",
        "document.write(text)",
        "/* */ eval (text)",
        "frame.srcdoc = text",
    ],
)
def test_the_rule_for_text_sees_what_it_forbids(line):
    assert MARKUP.search(line)


@pytest.mark.parametrize(
    "line",
    [
        "import 'https://cdn.jsdelivr.net/npm/d3'",
        'link.href = "//fonts.example.com/a.css"',
        "@import url(//example.com/a.css)",
        'new WebSocket("wss://example.com")',
        "fetch('http://www.w3.org.example.com/')",
    ],
)
def test_the_rule_for_hosts_sees_what_it_forbids(line):
    assert OTHER_HOST.search(NAMESPACE.sub("", line))


def test_text_reaches_the_page_as_text_alone():
    found = {(path.name, match[0]) for path in assets(".js") for match in MARKUP.finditer(path.read_text("utf-8"))}
    assert found <= FRAMED


def test_nothing_is_loaded_from_another_host():
    for path in assets(".js", ".css", ".json", ".html", ".svg"):
        code = NAMESPACE.sub("", path.read_text("utf-8"))
        assert not OTHER_HOST.search(code), path.relative_to(ROOT)
