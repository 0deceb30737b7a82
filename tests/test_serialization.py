"""Files are written whole or not at all."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from minigrad._check import DataError
from minigrad.serialization import write_atomically


def test_writes_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    assert write_atomically(path, b"one") == path
    assert path.read_bytes() == b"one"
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_new_file_has_the_permissions_the_user_asked_for(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        path = write_atomically(tmp_path / "a.bin", b"x")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o640


def test_keeps_permissions(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"one")
    path.chmod(0o600)
    write_atomically(path, b"two")
    assert path.stat().st_mode & 0o777 == 0o600


def test_follows_a_symbolic_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"one")
    link.symlink_to(target)
    write_atomically(link, b"two")
    assert link.is_symlink()
    assert target.read_bytes() == b"two"


@pytest.mark.parametrize("call", ["replace", "fsync"])
def test_a_failure_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(DataError, match=r"cannot write .*No space left on device \(the earlier file is unchanged\)"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_a_full_disk(tmp_path: Path) -> None:
    # A limit on file size makes the kernel refuse the write half way, as a full disk does.
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    source = (
        "import resource, sys; from minigrad.serialization import write_atomically\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "write_atomically(sys.argv[1], bytes(5000))"
    )
    done = subprocess.run([sys.executable, "-c", source, path], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "File too large (the earlier file is unchanged)" in done.stderr
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.bin"]


@pytest.mark.parametrize(("name", "reason"), [("no/such/a.bin", "No such file"), (".", "not a regular file")])
def test_refuses(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        write_atomically(tmp_path / name, b"x")
    assert os.listdir(tmp_path) == []


def test_never_replaces_a_device(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(DataError, match="not a regular file"):
        write_atomically(pipe, b"x")
    assert pipe.is_fifo()
