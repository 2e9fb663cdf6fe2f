"""How a typed model name is parsed, and which models a page opens."""

import pytest

import app
from model.request.errors import UserError
from model.source.sources import Allowed, parse_source, read_allowed


@pytest.mark.parametrize(
    ("typed", "revision", "kind", "repo", "file", "at"),
    [
        ("bundled", "", "bundled", "", "", ""),
        (" Qwen/Qwen3-0.6B ", "", "hub", "Qwen/Qwen3-0.6B", "", ""),
        ("gpt2", "v1", "hub", "gpt2", "", "v1"),
        ("https://huggingface.co/Qwen/Qwen3-0.6B", "", "hub", "Qwen/Qwen3-0.6B", "", ""),
        ("https://huggingface.co/org/name/tree/step1000", "", "hub", "org/name", "", "step1000"),
        ("https://huggingface.co/org/name/blob/main/a/b.gguf", "", "hub", "org/name", "a/b.gguf", "main"),
        ("org/name/q4.gguf", "refs/pr/3", "hub", "org/name", "q4.gguf", "refs/pr/3"),
        ("/some/folder", "", "folder", "", "", ""),
        ("./here", "", "folder", "", "", ""),
        ("/some/model.GGUF", "", "gguf", "", "model.GGUF", ""),
    ],
)
def test_what_is_typed_is_read_as_what_it_is(typed, revision, kind, repo, file, at):
    found = parse_source(typed, revision)
    assert (found.kind, found.repo, found.file, found.revision) == (kind, repo, file, at)


@pytest.mark.parametrize(
    ("typed", "revision", "message"),
    [
        ("", "", "is no name"),
        ("a b", "", "is no name"),
        ("org/name/other", "", "is no name"),
        ("org/../name", "", "is no name"),
        ("org/<script>", "", "is no name"),
        ("x" * 2000, "", "is no name"),
        ("a\nb", "", "is no name"),
        ("org/name", "../../etc", "is no branch"),
        ("org/name", "a b", "is no branch"),
    ],
)
def test_what_can_be_no_model_is_refused_before_anything_is_asked(typed, revision, message):
    with pytest.raises(UserError, match=message):
        parse_source(typed, revision)


def test_a_page_for_its_owner_opens_anything_and_a_public_one_its_list_and_no_path():
    path, listed, other = (parse_source(name) for name in ("/etc/passwd", "org/listed", "org/other"))
    for source in (path, listed, other):
        read_allowed("auto", ["org/listed"], public=False).check(source)
    public = read_allowed("auto", ["org/listed"], public=True)
    public.check(listed)
    with pytest.raises(UserError, match="'org/other' is not among the models"):
        public.check(other)
    for allowed in (public, read_allowed("any", [], public=True)):
        with pytest.raises(UserError, match="opens no folders or files of its server") as refused:
            allowed.check(path)
        assert "passwd" not in str(refused.value)
    anything = read_allowed("any", [], public=True)
    anything.check(other)
    assert not anything.as_owner, "visitors must not see what only the owner may"
    assert public.as_owner


def test_names_on_the_command_line_are_all_that_is_opened():
    allowed = read_allowed("org/a, /models/mine", ["org/listed"], public=True)
    for name in ("org/a", "/models/mine", "bundled"):
        allowed.check(parse_source(name))
    for name, message in (
        ("org/listed", "'org/listed' is not among the models"),
        ("/models/other", "opens no folders"),
    ):
        source = parse_source(name)
        with pytest.raises(UserError, match=message):
            allowed.check(source)


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--models-allowed", " , ", "--models-allowed is empty"),
        ("--models-allowed", "no name!", "The model 'no name!' is no name"),
        ("--model-memory-gb", "-1", "'-1' is not a whole number from 0 to 10,000"),
        ("--model-memory-gb", "lots", "'lots' is not a whole number"),
        ("--device", "tpu", "invalid choice: 'tpu'"),
    ],
)
def test_a_bad_option_ends_the_program_with_one_line(option, value, message, capsys):
    with pytest.raises(SystemExit) as ended:
        app.allowed_models(app.parse_options([option, value]))
    assert message in f"{ended.value} {capsys.readouterr().err}"


def test_the_default_allows_everything_to_its_owner():
    assert Allowed() == read_allowed("auto", [], public=False)
