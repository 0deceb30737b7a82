"""A headless Chromium, and an application served to it."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import waitress

_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,1000",
)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Any]:
    """Yield a headless Chromium driven by selenium; skip without one."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("chromium and its driver are not installed")
    try:
        from selenium import webdriver
        from selenium.webdriver.chrome.options import Options
        from selenium.webdriver.chrome.service import Service
    except ImportError:
        pytest.skip("selenium is not installed (pip install 'minigrad-foundations[browser]')")
    options = Options()
    options.binary_location = str(chromium)
    for flag in (*_FLAGS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    page = webdriver.Chrome(options=options, service=Service(str(driver)))
    try:
        yield page
    finally:
        page.quit()


@pytest.fixture
def served() -> Iterator[Callable[[Any], str]]:
    """Return a function that serves an application on a free port and returns its address."""
    servers = []

    def start(app: Any) -> str:
        server = waitress.create_server(app, host="127.0.0.1", port=0, threads=4)
        servers.append(server)
        threading.Thread(target=server.run, daemon=True).start()
        return f"http://127.0.0.1:{server.effective_port}/"

    yield start
    for server in servers:
        server.close()
