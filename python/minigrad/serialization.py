"""Files written whole or not at all.

A reader of a path written here sees the old file or the new one, never a part: the bytes go
to a temporary name in the same folder, reach the disk, and are renamed over the target.
"""

from __future__ import annotations

import os
from pathlib import Path

from minigrad._check import DataError

__all__ = ["write_atomically"]


def write_atomically(path: str | os.PathLike[str], data: bytes) -> Path:
    """Write `data` to `path` so that a failure leaves the file that was there.

    A symbolic link is followed, so that what it points to is replaced and not the link.

    Parameters
    ----------
    path : path-like
        The file to write. Its folder must exist.
    data : bytes
        The whole content.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    DataError
        If the folder is missing, the target is not a regular file, or the system refuses
        (no permission, disk full); the message says which, and the earlier file is intact.
    """
    path = Path(path)
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        # Renaming over a device or a folder would replace or shadow it.
        raise DataError(f"cannot write {path}: it is not a regular file; choose another path")
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        try:
            with open(temporary, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            if target.exists():
                os.chmod(temporary, target.stat().st_mode & 0o7777)
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        kept = " (the earlier file is unchanged)" if target.exists() else ""
        reason = error.strerror or str(error)
        raise DataError(f"cannot write {path}: {reason}{kept}; choose another path") from error
    return path
