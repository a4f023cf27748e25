"""The machine as it is now: what would fail next, by how much, and who would be chosen.

:mod:`~oomlab.now.reading` reads ``/proc``, with :mod:`~oomlab.now.groups` and :mod:`~oomlab.now.processes`;
:mod:`~oomlab.now.outlook` judges by the same rules as a report. Nothing is written anywhere, and no privilege
is needed: what cannot be seen is named.
"""

from oomlab.now.groups import Group
from oomlab.now.outlook import GroupRoom, Orders, Outlook, Room, look
from oomlab.now.reading import LiveMachine, Pressure, read_machine

__all__ = [
    "Group",
    "GroupRoom",
    "LiveMachine",
    "Orders",
    "Outlook",
    "Pressure",
    "Room",
    "look",
    "read_machine",
]
