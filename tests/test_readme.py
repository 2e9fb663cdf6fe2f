"""What the README says is true today."""

import re
import subprocess
import sys
from pathlib import Path

import app
from model.open import open_api

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_notebook_example_runs_and_its_comments_are_true():
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)[1]
    assert "open_api()" in code
    api = open_api()
    assert api.tokenize("Hello 🚀")[0] | {"bytes": 0} == {
        "position": 0,
        "id": 19556,
        "text": "Hello",
        "bytes": 0,
        "special": False,
    }
    assert api.next_token("The capital of France is", k=3)[0]["text"] == " Paris"
    exec(compile(code, "README.md", "exec"), {})  # noqa: S102


def test_every_option_is_in_the_table_with_its_default():
    options = vars(app.parse_options([]))
    for name, default in options.items():
        row = next(line for line in README.splitlines() if f"`--{name.replace('_', '-')}`" in line)
        assert f"`{default}`" in row or default is False


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
    for target in re.findall(r"!\[[^]]*\]\(([^)]+)\)", README):
        assert (ROOT / target).is_file(), target
    for place in ("assets/examples.json", "viz/stages", "assets/js/stages", "assets/js/charts", "assets/css/base"):
        assert place in README
        assert (ROOT / place).exists()
