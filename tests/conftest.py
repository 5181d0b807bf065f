"""What all tests share: where things are, a library of voices of their own, when to skip."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # several test processes share the processor
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# Pages put uploads where their content says: two test processes would delete each other's.
UPLOADS = tempfile.TemporaryDirectory(prefix="voice-uploads-")
os.environ["GRADIO_TEMP_DIR"] = UPLOADS.name

ROOT = Path(__file__).resolve().parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slowest folders first, so that no process is left alone with them at the end."""
    first = {"webui": 0, "training": 1, "export": 2}
    items.sort(key=lambda item: first.get(item.path.relative_to(ROOT / "tests").parts[0], 3))


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Material that lies beside the repository on some machines."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs the folder ../shared, which is not on this machine")
    return folder


@pytest.fixture(scope="session")
def mini() -> Path:
    """The folder of the embedded model."""
    folder = ROOT / "pretrained" / "mini"
    if not (folder / "spec.json").is_file():
        pytest.skip("needs pretrained/mini, which has no weights yet")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium for tests that drive a page."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"needs a browser: none of {', '.join(BROWSERS)} is installed")
    return found


@pytest.fixture(scope="session", autouse=True)
def own_voice_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keeps the user's own library of voices out of every test."""
    home = tmp_path_factory.mktemp("voice-home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VOICE_HOME", str(home))
        yield home
