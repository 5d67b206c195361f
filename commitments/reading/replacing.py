"""Files that are written whole or not at all: whatever happens meanwhile, what was there before stays until the end."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from secrets import token_hex
from typing import Final

_DEVICES: Final = Path("/dev")
_SHOWN: Final = 40
"""So much of a file's name is in that of its draft, for a name has an end."""


PRIVATE: Final = 0o600
"""The permissions of files that hold what only their owner should read: the register, its copies, mail."""
PRIVATE_FOLDER: Final = 0o700


def create_private(file: Path) -> None:
    """Make an empty file that only its owner can read, whatever the umask; raises FileExistsError where it is there."""
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    try:
        os.fchmod(handle, PRIVATE)
    finally:
        os.close(handle)


def create_private_folder(folder: Path) -> None:
    """Make a folder that only its owner can enter, whatever the umask; one that is there stays as it is."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.mkdir()
    except FileExistsError:
        return
    folder.chmod(PRIVATE_FOLDER)


def replace(target: Path, pieces: Iterable[bytes], *, private: bool = False) -> None:
    """Write a file whole: a draft beside it takes its place, with its permissions, when all pieces are on the disk.

    A new file can be read by whom the umask lets, or, where it is `private`, by its owner alone. A pipe or a device is
    written to as it is. Raises OSError, also where the file may not be written to.
    """
    if _is_stream(target):
        with target.open("wb") as stream:
            stream.writelines(pieces)
        return
    there = _itself(target)
    former = _mode(there)
    mode = PRIVATE if private else former
    draft = there.with_name(f".{there.name[:_SHOWN]}.{token_hex(4)}")
    try:
        if private:
            create_private(draft)
        with draft.open("wb" if private else "xb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            draft.chmod(mode)
        draft.replace(there)
    finally:
        draft.unlink(missing_ok=True)


def settle(folder: Path) -> None:
    """Make the names in a folder last through a power cut, as the contents of its files already do."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _is_stream(target: Path) -> bool:
    return _DEVICES in target.absolute().parents or (target.exists() and not target.is_file())


def _itself(target: Path) -> Path:
    """The file that a path leads to; raises OSError for a link that leads to itself."""
    there = Path(os.path.realpath(target))
    if there.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(target))
    return there


def _mode(file: Path) -> int | None:
    """The permissions of a file that may be replaced; None where there is none yet."""
    if not file.exists():
        return None
    if not os.access(file, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file))
    return stat.S_IMODE(file.stat().st_mode)
