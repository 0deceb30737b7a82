"""Serve an application on this machine."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from minigrad._check import DataError

__all__ = ["run"]


def run(app: Any, port: int = 0, host: str = "127.0.0.1", on_start: Callable[[str], None] | None = None) -> None:
    """Serve `app` until Ctrl-C.

    Parameters
    ----------
    app : WSGI application
    port : int, default 0
        0 takes a free one.
    host : str, default "127.0.0.1"
        Reachable from this machine alone, unless another address is given.
    on_start : callable, optional
        Called with the page's address when the server listens.

    Raises
    ------
    DataError
        If the port is taken or not allowed.
    """
    import waitress

    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise DataError(f"cannot serve on {host}:{port}: {reason}; choose another --port") from None
        server = waitress.create_server(app, sockets=[listener], threads=4, clear_untrusted_proxy_headers=True)
        if on_start is not None:
            on_start(f"http://{host}:{listener.getsockname()[1]}/")
        try:
            server.run()
        finally:
            server.close()
    finally:
        listener.close()
