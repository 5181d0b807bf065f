"""The commands and what their errors become: exit statuses and one line on stderr.

0 done; 2 the request is wrong; 1 anything else; 130 interrupted.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from pathlib import Path

import click

from voice.cli.output import shown_warnings
from voice.errors import VoiceError

COMMANDS: dict[str, str] = {
    "say": "voice.cli.say",
    "enroll": "voice.cli.enroll",
    "blend": "voice.cli.blend",
    "voices": "voice.cli.voices",
    "convert": "voice.cli.convert",
    "batch": "voice.cli.batch",
    "models": "voice.cli.models",
    "export": "voice.cli.export",
    "tokens": "voice.cli.tokens",
    "inspect": "voice.cli.inspect",
    "evaluate": "voice.cli.evaluate",
    "benchmark": "voice.cli.benchmark",
}
SUMMARIES: dict[str, str] = {
    "say": "Speak text in a cloned voice.",
    "enroll": "Keep a voice in the library.",
    "blend": "Make a new voice of others.",
    "voices": "List, remove, export, import and rename kept voices.",
    "convert": "Re-speak a recording in another voice.",
    "batch": "Speak many lines.",
    "models": "List, get and verify models.",
    "export": "Make a bundle for phones.",
    "tokens": "Show the semantic tokens of a recording, and turn them back to sound.",
    "inspect": "Say whether this program made a recording.",
    "evaluate": "Measure the quality of recordings.",
    "benchmark": "Measure speed and memory on this machine.",
}
DONE, FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130


@dataclass(frozen=True)
class Environment:
    """What the process' environment says.

    Attributes:
        home: folder of voices and models; None for the platform's.
        allow_no_watermark: an administrator allowed ``--no-watermark``.
    """

    home: Path | None = None
    allow_no_watermark: bool = False

    @property
    def folder(self) -> Path:
        """Folder of voices and models."""
        if self.home is not None:
            return self.home
        import platformdirs

        return Path(platformdirs.user_data_dir("voice", appauthor=False))


class Commands(click.Group):
    """Imports a command's module when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = COMMANDS.get(cmd_name)
        return importlib.import_module(module).command if module else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(SUMMARIES.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name=None, version="0.1.0", prog_name="python -m voice")
@click.option("--debug", is_flag=True, help="Show where an unexpected error came from.")
@click.pass_context
def commands(context: click.Context, debug: bool) -> None:
    """Clone a voice from seconds of speech and speak any text with it, on this machine."""
    context.meta["voice.debug"] = debug


def run(arguments: list[str], environment: Environment) -> int:
    """Runs one command.

    Args:
        arguments: of the command line, program name left out.
        environment: see :class:`Environment`.

    Returns:
        The exit status.
    """
    debug = "--debug" in arguments[:1]
    try:
        _prepare_streams()
        with shown_warnings():
            result = commands.main(
                arguments, "python -m voice", standalone_mode=False, obj=environment
            )
        sys.stdout.flush()
        return result if isinstance(result, int) else DONE
    except (KeyboardInterrupt, click.Abort):
        return _end("interrupted", INTERRUPTED)
    except click.UsageError as error:
        return _end(_usage(error), WRONG)
    except click.ClickException as error:
        return _end(error.format_message(), WRONG)
    except VoiceError as error:
        return _end(str(error), WRONG)
    except BrokenPipeError:
        sys.stdout = None  # type: ignore[assignment]  # nobody reads any more
        return FAILED
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else FAILED
    except Exception as error:  # noqa: BLE001 - a user never sees a traceback
        if debug:
            raise
        return _unexpected(error)


def _unexpected(error: Exception) -> int:
    if isinstance(error, PermissionError) and error.filename:
        return _end(f"{error.filename}: no permission. Name files and folders that you may use, "
                    "also with VOICE_HOME.", WRONG)
    return _end(
        f"unexpected error: {type(error).__name__}: {error} "
        "(python -m voice --debug COMMAND shows more)",
        FAILED,
    )


def _end(message: str, status: int) -> int:
    line = " ".join(message.split())
    click.echo(f"error: {line}" if status != INTERRUPTED else line, err=True)
    return status


def _usage(error: click.UsageError) -> str:
    """The message, and where to find what would be right."""
    path = error.ctx.command_path if error.ctx else "python -m voice"
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return f"no command is given (see {path} --help)."
    return f"{error.format_message().rstrip('.')} (see {path} --help)."


def _prepare_streams() -> None:
    """UTF-8 whatever the terminal says."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
