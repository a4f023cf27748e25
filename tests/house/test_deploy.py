"""The recipe for a class: its settings hold what its README promises. test_classroom.py runs the hub."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
import yaml
from traitlets.config import Config, PyFileConfigLoader

from oomlab import corpus
from tests.support.documents import blocks, missing_paths

REPO = Path(__file__).parents[2]
DEPLOY = REPO / "deploy"
README = (DEPLOY / "README.md").read_text()


@pytest.fixture
def config(monkeypatch) -> Config:
    """What JupyterHub reads; the file sets a mask and a path for the whole process."""
    monkeypatch.setenv("PATH", os.environ["PATH"])
    before = os.umask(0o022)
    try:
        yield PyFileConfigLoader("jupyterhub_config.py", path=str(DEPLOY)).load_config()
        assert os.umask(0o022) == 0o077  # the secret and the database are made by the hub
    finally:
        os.umask(before)


def test_the_hub_listens_on_loopback_and_holds_no_secret(config):
    assert config.JupyterHub.bind_url.startswith("http://127.0.0.1:")
    assert not {"cookie_secret", "hub_ip"} & set(config.JupyterHub)
    text = "".join(path.read_text() for path in DEPLOY.iterdir())
    assert not re.search(r"secretToken|cookieSecret:|password: *\S", text)


def test_only_the_two_groups_log_in_and_readme_makes_both(config):
    groups = config.PAMAuthenticator.allowed_groups
    assert config.JupyterHub.authenticator_class == "pam"
    assert config.PAMAuthenticator.admin_groups < groups
    assert not {"allow_all", "admin_users"} & set(config.PAMAuthenticator)
    assert set(re.findall(r"^groupadd (\S+)", README, re.MULTILINE)) == groups


def test_a_server_starts_private_limited_and_with_the_notebooks(config):
    shell, option, script, name = config.Spawner.cmd
    assert (shell, option, name) == ("sh", "-c", "jupyterhub-singleuser")
    steps = [step.strip() for step in re.split(r";|&&", script)]
    folder = Path(config.Spawner.notebook_dir).name
    limit = config.Spawner.mem_limit
    assert steps == [
        "umask 077",
        f"ulimit -d {limit // 1024}",
        f"oomlab course {folder}",
        'exec jupyterhub-singleuser "$@"',
    ]
    assert f"{limit / 2**30} GiB" in README
    assert config.Spawner.args == ["--KernelManager.transport=ipc"]
    assert Path(config.Spawner.default_url).name in {path.name for path in corpus.notebooks()}


def test_a_class_that_starts_at_once_is_waited_for_and_idle_servers_are_stopped(config):
    assert config.Spawner.start_timeout == config.Spawner.http_timeout == 180
    (culler,) = config.JupyterHub.services
    (role,) = config.JupyterHub.load_roles
    assert "--timeout=3600" in culler["command"]
    assert role["services"] == [culler["name"]]
    assert "admin" not in "".join(role["scopes"])


def test_kubernetes_gets_the_same_course_limits_and_culling(config):
    values = yaml.safe_load((DEPLOY / "values.yaml").read_text())
    seat = values["singleuser"]
    assert values["cull"]["timeout"] == 3600
    assert values["hub"]["config"]["JupyterHub"]["authenticator_class"] != "dummy"
    assert seat["defaultUrl"] == config.Spawner.default_url
    assert seat["extraEnv"]["JUPYTERHUB_ROOT_DIR"] == seat["storage"]["homeMountPath"]
    assert {"guarantee", "limit"} == set(seat["memory"])
    docker = (REPO / "Dockerfile").read_text()
    home = re.search(r"^WORKDIR (\S+)", docker, re.MULTILINE)[1]
    assert f"{home}/.venv/bin/jupyterhub-singleuser" in seat["cmd"][2]
    assert not Path(home).is_relative_to(seat["storage"]["homeMountPath"])  # a volume would hide it
    assert "ARG JUPYTERHUB" in docker


def test_readme_names_files_and_extras_that_exist():
    assert not list(missing_paths(README, (REPO, DEPLOY)))
    (extras,) = set(re.findall(r"'\.\[([\w,]+)\]'", README))
    offered = (REPO / "pyproject.toml").read_text()
    assert all(re.search(rf"^{extra} = \[", offered, re.MULTILINE) for extra in extras.split(","))
    assert any("handed-in" in block for block in blocks(README, "sh"))


def test_servers_find_the_kernel_where_the_readme_lets_it_be_fetched(config):
    folder = Path(config.Spawner.environment["OOMLAB_CACHE"]).relative_to(sys.prefix)
    (fetched,) = re.findall(r"^OOMLAB_CACHE=(\S+) PATH=(\S+)/bin:", README, re.MULTILINE)
    assert Path(fetched[0]) == Path(fetched[1], folder)
