"""Where the notebooks open without an installation: what each service's own address looks like."""

from urllib.parse import parse_qs, urlsplit

import pytest

from oomlab import corpus
from oomlab.cli import main
from oomlab.cli.links import binder, colab, nbgitpuller

REPO = "ann/oom.lab_2"
NAMES = [path.name for path in corpus.notebooks()]


@pytest.mark.parametrize("name", NAMES)
def test_each_service_is_asked_for_the_repository_the_branch_and_the_notebook(name):
    at_binder = urlsplit(binder(REPO, name, "a/b"))
    assert (at_binder.netloc, at_binder.path) == ("mybinder.org", f"/v2/gh/{REPO}/a%2Fb")
    assert parse_qs(at_binder.query) == {"urlpath": [f"lab/tree/notebooks/{name}"]}
    at_colab = urlsplit(colab(REPO, name, "main"))
    assert at_colab.netloc == "colab.research.google.com"
    assert at_colab.path == f"/github/{REPO}/blob/main/notebooks/{name}"
    at_hub = urlsplit(nbgitpuller(REPO, name, "main", "https://hub.example.org/teaching"))
    assert (at_hub.netloc, at_hub.path) == ("hub.example.org", "/teaching/hub/user-redirect/git-pull")
    assert parse_qs(at_hub.query) == {
        "repo": [f"https://github.com/{REPO}"],
        "branch": ["main"],
        "urlpath": [f"lab/tree/oom.lab_2/notebooks/{name}"],
    }


def test_one_command_prints_them_for_every_notebook(capsys):
    assert main(["links", "--repo", REPO, "--hub", "https://hub.example.org/"]) == 0
    said = capsys.readouterr().out
    for name in NAMES:
        assert binder(REPO, name) in said
        assert colab(REPO, name) in said
        assert nbgitpuller(REPO, name, "main", "https://hub.example.org") in said


@pytest.mark.parametrize(
    "arguments",
    [["--repo", "ann"], ["--repo", "ann/x/y"], ["--repo", "ann/a b"], ["--repo", REPO, "--hub", "hub"]],
)
def test_what_is_no_repository_or_no_hub_is_refused_in_words(capsys, arguments):
    with pytest.raises(SystemExit):
        main(["links", *arguments])
    assert "is no " in capsys.readouterr().err
