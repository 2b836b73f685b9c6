"""What the simulations begin with: figures of docs/performance.md, from one machine of two cores."""

from typing import Final

WEB_MS: Final = 9.1
"""Time of the processor that the web's part of a create takes, its waiting and its answer included."""
WORKER_MS: Final = 13.4
"""The same of the worker: the note, taking, storing, settling, thumbnails and the clock."""
POLL_MS: Final = 3.7
"""One look at a job."""
LOCK_MS: Final = 8.8
"""How long one organization's row is kept by a hold and its settlement together, while others want the cores."""
WRITES_PER_CREATE: Final = 4
WRITES_PER_SECOND: Final = 6_000
"""Durable write transactions of PostgreSQL on this machine's disk."""
BYTES_PER_CREATE: Final = 22_400
"""What a create leaves in PostgreSQL, rows and indexes, without the picture; of tables that are small still."""
EVENTS_PER_CREATE: Final = 3
BYTES_PER_EVENT: Final = 3_600
"""A line of the activity with its references and all indexes; the same."""
CORES: Final = 2
