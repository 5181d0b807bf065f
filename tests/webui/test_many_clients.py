"""Ten programs at once, each asking for three sentences: all are served, none gets another's."""

from __future__ import annotations

import base64
import gc
import io
import threading
import time
import wave
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.webui.calls import endpoint
from tests.webui.conftest import Site, serve
from tests.webui.fakes import RATE
from voice import Synthesizer, VoiceLibrary
from webui.context import AppContext, ModelSlot
from webui.heaps import share_heaps

CLIENTS, SENTENCES, ROUNDS = 10, 3, 3
STEADY_BYTES = 25 << 20
EXAMPLES = ("Isla", "Miles", "Lan", "Heng", "Hana")


def pitch_of(samples: np.ndarray) -> float:
    """The strongest frequency of a tone in Hz."""
    padded = np.fft.rfft(samples * np.hanning(len(samples)), 1 << 18)
    return float(np.abs(padded).argmax() * RATE / (1 << 18))


def heard(answer: dict[str, Any]) -> tuple[np.ndarray, int]:
    assert answer["success"], answer["output"]
    data = base64.b64decode(answer["output"]["data"][0]["wav"])
    with wave.open(io.BytesIO(data)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return samples.astype(np.float64) / 32768, file.getframerate()


def memory_bytes() -> int:
    """What this process holds now."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def all_ask(site: Site) -> None:
    """Each client has its own voice, seed and lengths: a tone tells whose recording it is."""
    gate = threading.Barrier(CLIENTS)

    def client(number: int) -> list[str]:
        voice = EXAMPLES[number % len(EXAMPLES)]
        seed = number // len(EXAMPLES)
        wrong = []
        gate.wait(30)
        for sentence in range(SENTENCES):
            words = 2 + number + CLIENTS * sentence
            text = " ".join(["word"] * words) + "."
            samples, rate = heard(endpoint(
                site.url, "speak", text, f"example:{voice}", "en", 1.0, seed,
                session=f"client{number}"))
            base = site.context.recent.get(f"example:{voice}")
            assert base is not None
            pitch = 120 + float(base.timbre.mean()) + seed
            if rate != RATE or len(samples) != round(0.2 * RATE * words):
                wrong.append(f"{number}.{sentence}: {len(samples)} samples")
            if abs(pitch_of(samples) - pitch) > 0.5:
                wrong.append(f"{number}.{sentence}: {pitch_of(samples):.1f} Hz, not {pitch:.1f}")
        return wrong

    with ThreadPoolExecutor(CLIENTS) as pool:
        results = list(pool.map(client, range(CLIENTS)))
    assert results == [[]] * CLIENTS


def test_all_are_served_and_none_is_mixed_up(site: Site) -> None:
    all_ask(site)


@pytest.mark.slow  # of a process of its own: after thousands of other tests its heap says nothing
def test_memory_is_steady(site: Site) -> None:
    share_heaps()  # as the program does
    held = []
    for _ in range(ROUNDS):
        all_ask(site)
        held.append(memory_bytes())
    assert held[-1] - held[0] < STEADY_BYTES, held


def test_clients_take_turns(site: Site) -> None:
    """A long text does not keep a short one waiting until its end."""
    ended: dict[str, int] = {}
    order = iter(range(100))

    def ask(name: str, text: str) -> None:
        heard(endpoint(site.url, "speak", text, "example:Isla", "en", 1.0, 1))
        ended[name] = next(order)

    with site.fake.gate.held(after=3):
        long = threading.Thread(target=ask, args=("long", "One two three. " * 60))
        long.start()
        while not site.context.turns.busy():
            time.sleep(0.01)
        short = threading.Thread(target=ask, args=("short", "One two three."))
        short.start()
        while not site.context.turns._waiting:
            time.sleep(0.01)
    for one in (short, long):
        one.join(60)
    assert ended == {"short": 0, "long": 1}


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_ten_clients_of_the_real_model(mini: Path, tmp_path: Path) -> None:
    """The same with ``mini``: every answer is what its seed gives alone, and memory is steady."""
    share_heaps()  # as the program does
    model = ModelSlot()
    context = AppContext(model, VoiceLibrary(tmp_path / "voices"), tmp_path / "recordings")
    model.start("mini", lambda: Synthesizer.load(mini, device="cpu")).join()
    texts = ("Good morning.", "See you soon.", "Thank you.")

    def ask(number: int, sentence: int) -> np.ndarray:
        voice = EXAMPLES[number % 2]
        return heard(endpoint(url, "speak", texts[sentence], f"example:{voice}", "en", 1.0,
                              number, session=f"client{number}"))[0]

    with serve(context) as url:
        alone = {(n, s): ask(n, s) for n, s in ((0, 0), (1, 1), (9, 2))}
        held, rounds = [], []
        for _ in range(ROUNDS):
            with ThreadPoolExecutor(CLIENTS) as pool:
                rounds.append(list(pool.map(
                    lambda n: [ask(n, s) for s in range(SENTENCES)], range(CLIENTS))))
            held.append(memory_bytes())
    assert all(len(one) > 4000 for together in rounds for row in together for one in row)
    for together in rounds:
        for (n, s), samples in alone.items():
            assert np.array_equal(together[n][s], samples), (n, s)
    # The first round makes threads and their heaps; what matters is that the next ones do not.
    assert held[-1] - held[1] < STEADY_BYTES, held
