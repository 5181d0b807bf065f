"""Files that appear whole or not at all: written beside their place, then renamed into it."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from voice.errors import OutputError

_REASONS = {
    errno.ENOENT: ("its folder {folder} does not exist", "Make the folder or name another one."),
    errno.ENOTDIR: ("{folder} is not a folder", "Name a folder that exists."),
    errno.EACCES: ("no permission to write in {folder}", "Name a folder you may write to."),
    errno.EPERM: ("no permission to write in {folder}", "Name a folder you may write to."),
    errno.EROFS: ("{folder} is read-only", "Name a folder you may write to."),
    errno.ENOSPC: ("the disk is full", "Free some space or write elsewhere."),
    errno.EDQUOT: ("the disk quota is used up", "Free some space or write elsewhere."),
    errno.EFBIG: ("it would be larger than this system allows", "Free space or write elsewhere."),
    errno.EISDIR: ("it is a folder", "Name a file."),
    errno.ENAMETOOLONG: ("its name is too long", "Name it shorter."),
}


def output_error(path: str | os.PathLike[str], error: OSError) -> OutputError:
    """An :class:`OutputError` that names the path and says what to do."""
    folder = str(Path(path).parent)
    known = _REASONS.get(error.errno or 0)
    if error.errno == errno.ENOENT and Path(path).parent.is_dir():
        known = ("{folder} takes no new files", "Name a folder you may write to.")
    reason, remedy = known or (error.strerror or str(error), "")
    return OutputError(f"{path} cannot be written: {reason.format(folder=folder)}", remedy)


@contextmanager
def atomic_file(path: str | os.PathLike[str], *, overwrite: bool = True) -> Iterator[BinaryIO]:
    """Opens a new file for ``path``; it takes that name when the block ends without an error.

    Args:
        path: where the file shall appear.
        overwrite: whether a file that is there already is replaced.

    Raises:
        OutputError: the folder is missing, may not be written to, the disk is full, or the file
            exists and ``overwrite`` is false. Nothing is left behind.
    """
    target = Path(path)
    beside = target.with_name(f".{target.name[:100]}.{secrets.token_hex(6)}.part")
    try:
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, "is a directory")
        with open(beside, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _appear(beside, target, overwrite)
    except FileExistsError as error:
        raise OutputError(f"{path} exists already", "Remove it or name another file.") from error
    except OSError as error:
        raise output_error(path, error) from error
    finally:
        with suppress(OSError):
            beside.unlink()


def _appear(beside: Path, target: Path, overwrite: bool) -> None:
    """Gives the finished file its name; a hard link never replaces what is there."""
    if overwrite:
        os.replace(beside, target)
        return
    try:
        os.link(beside, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        os.replace(beside, target)
