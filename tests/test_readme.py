"""The statements of the README are true."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import app

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.bundled
def test_the_notebook_example_runs_and_its_comments_are_true():
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)[1]
    names = {}
    exec(compile(code, "README.md", "exec"), names)  # noqa: S102
    told = [line.split("  # ") for line in code.splitlines() if "  # " in line]
    values = [eval(call, names) for call, _ in told]
    first, next_text, row = values
    assert same_as_told(first, ast.literal_eval(told[0][1]))
    assert next_text == ast.literal_eval(told[1][1])
    assert told[2][1] == "one weight for each key, sum 1"
    n_tokens = len(names["api"].tokenize("The cat sat"))
    assert (len(row), sum(row)) == (n_tokens, pytest.approx(1))


def same_as_told(value, told) -> bool:
    """Whether a value matches a comment, in which [...] stands for any list."""
    assert value.keys() == told.keys()
    return all(isinstance(value[key], list) if told[key] == [...] else value[key] == told[key] for key in told)


def test_every_option_is_in_the_table_with_its_default():
    options = vars(app.parse_options([]))
    rows = [line.strip("| ").split(" | ") for line in README.splitlines() if line.startswith("| `--")]
    told = {
        name: default
        for names, defaults, _ in rows
        for name, default in zip(names.split(", "), defaults.split(", "), strict=True)
    }
    names = {name: f"`--{name.replace('_', '-')}`" for name in options}
    assert told == {names[name]: "off" if value is False else f"`{value}`" for name, value in options.items()}


def test_help_answers_and_a_bad_option_names_its_limit():
    help_text = subprocess.run(
        [sys.executable, "app.py", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "--max-prompt-tokens" in help_text.stdout
    bad = subprocess.run([sys.executable, "app.py", "--port", "99999"], cwd=ROOT, capture_output=True, text=True)
    assert bad.returncode == 2
    assert "'99999' is not a whole number from 1 to 65,535" in bad.stderr


def test_the_space_runs_the_gradio_that_is_pinned():
    pinned = re.search(r"^gradio==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)[1]
    assert f"sdk_version: {pinned}" in README


def test_files_the_readme_names_exist():
    targets = re.findall(r"\[[^]]*\]\(([^)#]+)[^)]*\)", README)
    own = [target for target in targets if not target.startswith("http")]
    assert sum(target.endswith(".png") for target in own) > 1
    for target in own:
        assert (ROOT / target).exists(), target
    for place in ("assets/examples.json", "viz/stages", "assets/js/stages", "assets/js/charts", "assets/css/base"):
        assert place in README
        assert (ROOT / place).exists()
