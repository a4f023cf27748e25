"""The machine as it is now: what would fail next, by how much, and who would be chosen.

:mod:`~oomlab.now.reading` reads ``/proc`` and the control groups, :mod:`~oomlab.now.outlook` judges with the
same rules as a report. Nothing is written anywhere, and no privilege is needed: what cannot be seen is named.
"""

from oomlab.now.outlook import GroupRoom, Orders, Outlook, Room, look
from oomlab.now.reading import Group, LiveMachine, Pressure, read_machine

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
