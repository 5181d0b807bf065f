"""Kept voices: a folder of ``.voice`` files, one a voice.

The folder may be used by several programs at once: files appear whole, and of two that add the
same name, one is told that it exists.
"""

from __future__ import annotations

import difflib
import hashlib
import logging
import os
from dataclasses import replace
from pathlib import Path

from voice.audio.atomic import output_error
from voice.audio.note import now
from voice.errors import OptionError, OutputError, VoiceFileError
from voice.synth.labels import check_consent, check_name, check_tags
from voice.synth.voicefile import SUFFIX, Voice, read_voice, write_voice

_log = logging.getLogger(__name__)
_ENCODED = frozenset('<>:"|?*%')
_RESERVED = frozenset(
    ["CON", "PRN", "AUX", "NUL", *(f"{n}{i}" for n in ("COM", "LPT") for i in range(10))]
)
_MAX_STEM_BYTES = 180


def default_folder(home: str | os.PathLike[str] | None = None) -> Path:
    """Where voices are kept.

    Args:
        home: folder of the program's data; None is the platform's own for this user.
    """
    if home:
        return Path(home).expanduser() / "voices"
    from platformdirs import user_data_path

    return user_data_path("voice", appauthor=False) / "voices"


def file_name(name: str) -> str:
    """The file of a voice: its name, with signs that some disks refuse written as ``%XX``."""
    stem = "".join(f"%{ord(c):02X}" if c in _ENCODED else c for c in check_name(name))
    if stem.split(".")[0].upper().rstrip() in _RESERVED:
        stem = f"%{ord(stem[0]):02X}{stem[1:]}"
    if len(stem.encode("utf8")) > _MAX_STEM_BYTES:
        digest = hashlib.sha256(stem.encode("utf8")).hexdigest()[:16]
        stem = stem.encode("utf8")[: _MAX_STEM_BYTES - 20].decode("utf8", "ignore") + "~" + digest
    return stem + SUFFIX


class VoiceLibrary:
    """Voices kept in a folder, which is made when the first is added.

    Args:
        folder: where the files are; see :func:`default_folder`.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)

    @classmethod
    def at_home(cls, home: str | os.PathLike[str] | None = None) -> VoiceLibrary:
        """The library under a data folder, or under this user's own."""
        return cls(default_folder(home))

    def path(self, name: str) -> Path:
        """The file of a name, whether or not it is there.

        Raises:
            OptionError: the name is not allowed.
        """
        return self.folder / file_name(name)

    def scan(self) -> tuple[list[Voice], list[str]]:
        """All voices by name, and a sentence for each file that is none."""
        voices, problems = [], []
        for file in self._files():
            try:
                voices.append(read_voice(file))
            except VoiceFileError as error:
                if file.exists():  # else it was removed in the meantime
                    problems.append(str(error))
        return sorted(voices, key=lambda voice: voice.name.casefold()), problems

    def voices(self) -> list[Voice]:
        """All voices by name; files that cannot be read are logged and left out."""
        voices, problems = self.scan()
        for problem in problems:
            _log.warning("left out: %s", problem)
        return voices

    def names(self) -> list[str]:
        """Names of all voices, in alphabetical order."""
        return [voice.name for voice in self.voices()]

    def get(self, name_or_path: str | os.PathLike[str]) -> Voice:
        """A kept voice by its name, or any voice by the path of its file.

        Raises:
            VoiceFileError: there is none, or its file is unusable.
        """
        text = os.fspath(name_or_path)
        if _is_path(name_or_path):
            return read_voice(text)
        try:
            file = self.path(text)
        except OptionError as error:
            raise VoiceFileError(str(error)) from error
        if file.exists():
            return read_voice(file)
        raise VoiceFileError(f"There is no voice {ascii_if_hidden(text)}", self._hint(text))

    def add(self, voice: Voice, *, overwrite: bool = False) -> Voice:
        """Keeps a voice.

        Returns:
            The voice as it is kept, with the dates filled in.

        Raises:
            ConsentError: it has no consent statement.
            OptionError: its name or a tag is not allowed.
            OutputError: the name is taken, or the folder cannot be written to.
        """
        kept = replace(
            voice, name=check_name(voice.name), consent=check_consent(voice.consent),
            consent_date=voice.consent_date or now(), created=voice.created or now(),
            tags=check_tags(voice.tags),
        )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise output_error(self.folder, error) from error
        target = self.path(kept.name)
        if not overwrite and target.exists():
            raise OutputError(
                f"A voice named {kept.name} is kept already", "Remove it or choose another name."
            )
        write_voice(target, kept, overwrite=overwrite)
        return kept

    def remove(self, name: str) -> None:
        """Deletes a kept voice.

        Raises:
            VoiceFileError: there is none of that name.
            OutputError: it may not be deleted.
        """
        try:
            self.path(name).unlink()
        except (FileNotFoundError, OptionError) as error:
            raise VoiceFileError(
                f"There is no voice {ascii_if_hidden(name)}", self._hint(name)
            ) from error
        except OSError as error:
            raise output_error(self.path(name), error) from error

    def export(
        self, name: str, path: str | os.PathLike[str], *, overwrite: bool = False
    ) -> Path:
        """Writes a kept voice to a file elsewhere.

        Args:
            name: of the voice.
            path: of the new file, or a folder to put it in.
            overwrite: whether a file that is there is replaced.

        Raises:
            VoiceFileError: there is no such voice.
            OutputError: the file is there already or cannot be written.
        """
        voice = self.get(name)
        target = Path(path)
        if target.is_dir():
            target = target / file_name(voice.name)
        write_voice(target, voice, overwrite=overwrite)
        return target

    def import_file(
        self, path: str | os.PathLike[str], name: str | None = None, *, overwrite: bool = False
    ) -> Voice:
        """Keeps a voice from a file elsewhere, under its own or another name.

        Raises:
            VoiceFileError: the file is not a usable voice.
            ConsentError: it holds no consent statement.
            OutputError: the name is taken.
        """
        voice = read_voice(path)
        return self.add(voice if name is None else voice.with_name(name), overwrite=overwrite)

    def _files(self) -> list[Path]:
        try:
            found = sorted(self.folder.iterdir())
        except OSError:
            return []
        return [f for f in found if f.suffix == SUFFIX and not f.name.startswith(".")]

    def _hint(self, name: str) -> str:
        names = self.names()
        near = difflib.get_close_matches(name, names, 1)
        if near:
            return f"Did you mean {near[0]}?"
        if not names:
            return "The library is empty: keep a voice first, or name a .voice file."
        more = f" and {len(names) - 10} more" if len(names) > 10 else ""
        return f"Known voices: {', '.join(names[:10])}{more}."


def ascii_if_hidden(text: str) -> str:
    """The text as it is, or escaped where it holds what cannot be shown on one line."""
    return text if text.isprintable() else ascii(text)


def _is_path(name: str | os.PathLike[str]) -> bool:
    """Whether the caller means a file: a path object, a slash, or the ending of voice files."""
    text = os.fspath(name)
    slash = "/" in text or "\\" in text
    return not isinstance(name, str) or slash or text.lower().endswith(SUFFIX)
