"""A class on one machine: accounts of the system, a private folder and a memory limit for each student.

README.md beside this file says how to install and start it.
"""

import os
import sys
from pathlib import Path

c = get_config()  # noqa: F821  # JupyterHub defines it

STUDENTS, TEACHERS = "oomlab-students", "oomlab-teachers"
COURSE = "oomlab-course"
MEMORY = 3 * 2**29
"""Bytes for each process of a student: a kernel takes a tenth of it, QEMU in notebook 08 up to 1.1 GiB."""
IDLE = 60 * 60
"""Seconds without work until a server is stopped; files stay."""

# The hub finds its proxy there, and a student's terminal finds oomlab.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
# The hub makes its cookie secret and its database in the folder where it is started: for root alone.
os.umask(0o077)

# This machine only: README.md says how to open it to a network, with TLS.
c.JupyterHub.bind_url = "http://127.0.0.1:8000"

# Accounts of this machine in one of the groups log in with their password. Teachers start and stop servers.
c.JupyterHub.authenticator_class = "pam"
c.PAMAuthenticator.allowed_groups = {STUDENTS, TEACHERS}
c.PAMAuthenticator.admin_groups = {TEACHERS}

# A server is a process of its student, who first gets private files, a limit and the notebooks.
c.JupyterHub.spawner_class = "localprocess"
c.Spawner.cmd = [
    "sh",
    "-c",
    f'umask 077; ulimit -d {MEMORY // 1024}; oomlab course {COURSE} && exec jupyterhub-singleuser "$@"',
    "jupyterhub-singleuser",
]
# What `oomlab lab setup` fetched for all; without it notebook 08 plays recordings.
c.Spawner.environment = {"OOMLAB_CACHE": str(Path(sys.prefix, "share", "oomlab"))}
c.Spawner.mem_limit = MEMORY  # what a server is told; the limit itself is the shell's
c.Spawner.notebook_dir = f"~/{COURSE}"
c.Spawner.default_url = "/lab/tree/00_start.ipynb"
# A kernel's ports on loopback would show what it prints to every account; sockets in a private folder do not.
c.Spawner.args = ["--KernelManager.transport=ipc"]
# Twenty servers that start at once on two cores need more than the 30 seconds of the default.
c.Spawner.start_timeout = 180
c.Spawner.http_timeout = 180

c.JupyterHub.services = [
    {
        "name": "idle-culler",
        "command": [sys.executable, "-m", "jupyterhub_idle_culler", f"--timeout={IDLE}"],
    }
]
c.JupyterHub.load_roles = [
    {
        "name": "idle-culler",
        "services": ["idle-culler"],
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
    }
]
