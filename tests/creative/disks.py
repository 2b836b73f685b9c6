"""Stand-ins for the folder of pictures, at the storage's port: disks that fail as real ones do."""

import errno
from typing import Any

from creative.storage import DurableFolder


class FullDisk(DurableFolder):
    """A folder that takes `room` pictures, then says what a full or a read-only disk says."""

    def __init__(self, location: str, room: int = 0, number: int = errno.ENOSPC) -> None:
        super().__init__(location)
        self.room = room
        self.number = number

    def _save(self, name: str, content: Any) -> str:
        if self.room <= 0:
            raise OSError(self.number, "no picture fits", self.path(name))
        self.room -= 1
        return super()._save(name, content)
