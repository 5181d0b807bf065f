"""Sound made ready while it comes: trimmed, levelled, faded, as :mod:`voice.synth.finish` does it
with the whole.

Silence before the first speech is dropped, silence behind it is held until speech follows, so that
at the end it can be dropped too, and that a pause can be shortened. The gain follows the level of
all speech so far, without steps.

Axes: N samples, F frames of 10 ms.
"""

from __future__ import annotations

import numpy as np

from voice.synth.finish import (
    ACTIVE_LEVEL_DB,
    MOST_GAIN_DB,
    PEAK,
    fade,
    frame_levels_db,
    without_long_pauses,
)

_FRAME_SECONDS = 0.01
_SILENT_DB = -36.0
_USUAL_DB = -26.0
"""Level that speech has at the least, until louder speech was heard."""
_QUIETEST_DB = -70.0
_LOUD_DB = 25.0
_EDGE_FRAMES = 6
_SMOOTHED = 5
_RAMP_SECONDS = 0.05


class StreamFinisher:
    """Makes one piece of speech ready.

    Args:
        sample_rate: in Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._frame = max(1, round(sample_rate * _FRAME_SECONDS))
        self._held = np.zeros(0, np.float32)
        self._levels = np.zeros(0)  # (F,) of all frames, those gone included
        self._gone = 0
        self._started = False
        self._gain: float | None = None

    def push(self, samples: np.ndarray, last: bool = False) -> np.ndarray:
        """What can be played now.

        Args:
            samples: (N,) float32, the next.
            last: whether they are the last; the rest is given.

        Returns:
            (N',) float32, may be empty; peak at most 0.97.
        """
        joined = np.concatenate([self._held, np.asarray(samples, np.float32)])
        whole = -(-len(joined) // self._frame) if last else len(joined) // self._frame
        known = len(self._levels) - self._gone
        new = joined[known * self._frame : whole * self._frame]
        self._levels = np.concatenate([self._levels, frame_levels_db(new, self._rate)])
        places = np.flatnonzero(self._active()[self._gone :])
        start, stop = self._span(len(joined), whole, places, last)
        if self._started and len(places):
            # What is held begins with speech, even if louder speech has made it seem silence.
            places = np.union1d(places, [0])
        ready = without_long_pauses(joined, places * self._frame, (start, stop), self._rate)
        self._gone += stop // self._frame
        self._held = joined[stop:]
        if not len(ready):
            return ready
        ready = self._levelled(ready)
        faded = fade(ready, self._rate)
        middle = len(ready) // 2
        if not self._started:
            ready[:middle] = faded[:middle]
        if last:
            ready[middle:] = faded[middle:]
        self._started = True
        return ready

    def _span(self, length: int, whole: int, places: np.ndarray, last: bool) -> tuple[int, int]:
        """Start and end of the held samples that can go; ``places`` are the frames with speech."""
        if not len(places):
            # Before speech, only what may be its edge stays; behind it, all of it does.
            keep = 0 if self._started else max(0, whole - _EDGE_FRAMES)
            return (length, length) if last else (keep * self._frame, keep * self._frame)
        first, final = int(places[0]), int(places[-1])
        start = 0 if self._started else max(0, first - _EDGE_FRAMES) * self._frame
        if last:
            return start, min(length, (final + 1 + _EDGE_FRAMES) * self._frame)
        # The last speech stays, so that its edge can be told and faded at the end.
        return start, max(start, final * self._frame)

    def _active(self) -> np.ndarray:
        """(F,) bool, which frames are speech."""
        if not len(self._levels):
            return np.zeros(0, bool)
        power = np.convolve(10 ** (self._levels / 10), np.full(_SMOOTHED, 1 / _SMOOTHED))
        side = _SMOOTHED // 2
        smooth = 10 * np.log10(power[side : side + len(self._levels)] + 1e-12)
        highest = max(float(self._levels.max()), _USUAL_DB)
        return smooth > max(highest + _SILENT_DB, _QUIETEST_DB)

    def _levelled(self, ready: np.ndarray) -> np.ndarray:
        loud = self._levels[self._levels > self._levels.max() - _LOUD_DB]
        level = 10 * np.log10(np.mean(10 ** (loud / 10)))
        gain = np.clip(ACTIVE_LEVEL_DB - level, -2 * MOST_GAIN_DB, MOST_GAIN_DB)
        most = PEAK / max(float(np.abs(ready).max()), 1e-9)
        target = min(10 ** (gain / 20), most)
        before = target if self._gain is None else min(self._gain, most)
        ramp = min(len(ready), round(_RAMP_SECONDS * self._rate))
        gains = np.full(len(ready), target, np.float32)
        gains[:ramp] = before + (target - before) * np.arange(1, ramp + 1) / max(1, ramp)
        self._gain = target
        return ready * gains
