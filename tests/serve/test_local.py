"""Serving on this machine: a real server answers, and a taken port is named."""

from __future__ import annotations

import socket
import threading
import urllib.request

import pytest

from minigrad import DataError, serve


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"here"]


def test_the_announced_address_answers():
    announced = []
    ready = threading.Event()

    def on_start(address):
        announced.append(address)
        ready.set()

    threading.Thread(target=serve.run, args=(application,), kwargs={"on_start": on_start}, daemon=True).start()
    assert ready.wait(10)
    with urllib.request.urlopen(announced[0], timeout=10) as answer:
        assert answer.read() == b"here"


def test_a_port_that_is_taken_is_named():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(DataError, match=rf"cannot serve on 127.0.0.1:{port}: .*; choose another --port"):
            serve.run(application, port)
