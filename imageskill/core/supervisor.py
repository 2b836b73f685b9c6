"""Telling systemd that this process is ready, so that a rolling restart goes on to the next one only then."""

import logging
import os
import socket

logger = logging.getLogger("imageskill.supervisor")


def say_ready() -> None:
    """Say it where systemd asks ($NOTIFY_SOCKET, `Type=notify`), and to nobody elsewhere."""
    asked = os.environ.get("NOTIFY_SOCKET", "")
    if not asked:
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to_systemd:
            to_systemd.connect("\0" + asked[1:] if asked.startswith("@") else asked)
            to_systemd.sendall(b"READY=1")
    except OSError:
        # Nobody listens any more; the process is ready all the same.
        logger.warning("the supervisor could not be told that this process is ready")
