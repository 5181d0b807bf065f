// The middle pitch of a recording: the median of its voiced frames, by the highest peak of the
// normalised autocorrelation; `pitch_track` of voice/audio/quality.py.

import { quantile, resample } from "./recording";

const RATE = 8000;
const SIZE = 400;
const HOP = 160;
const SHORTEST = Math.floor(RATE / 450);
const LONGEST = Math.floor(RATE / 60);
const VOICED = 0.6;

const WINDOW = Float64Array.from({ length: SIZE }, (_, n) =>
  0.5 - 0.5 * Math.cos((2 * Math.PI * n) / (SIZE - 1)));

function autocorrelation(frame: Float64Array, lag: number): number {
  let sum = 0;
  for (let i = 0; i + lag < SIZE; i++) sum += frame[i]! * frame[i + lag]!;
  return sum;
}

const SHAPE = Float64Array.from({ length: LONGEST }, (_, lag) =>
  autocorrelation(WINDOW, lag) / autocorrelation(WINDOW, 0));

/** In Hz; 0 where nothing is voiced. */
export function middlePitch(given: Float32Array, rate: number): number {
  const samples = resample(given, rate, RATE);
  const frames: Float64Array[] = [];
  for (let at = 0; at + SIZE <= samples.length; at += HOP) {
    const frame = Float64Array.from(samples.subarray(at, at + SIZE));
    const mean = frame.reduce((a, b) => a + b, 0) / SIZE;
    frames.push(frame.map((x) => x - mean));
  }
  if (!frames.length) return 0;
  const energy = frames.map((frame) => frame.reduce((a, x) => a + x * x, 0) / SIZE);
  const least = quantile(energy, 0.95) * 10 ** -2.5;
  const pitches = frames.filter((_, i) => energy[i]! > least).map(pitchOf).filter((hz) => hz > 0);
  return pitches.length ? quantile(pitches, 0.5) : 0;
}

function pitchOf(frame: Float64Array): number {
  const shaped = frame.map((x, i) => x * WINDOW[i]!);
  const whole = Math.max(autocorrelation(shaped, 0), 1e-12);
  const part = new Float64Array(LONGEST - SHORTEST);
  for (let i = 0; i < part.length; i++) {
    part[i] = autocorrelation(shaped, SHORTEST + i) / whole / SHAPE[SHORTEST + i]!;
  }
  const best = part.reduce((a, b) => Math.max(a, b), -Infinity);
  // The first peak that is nearly as high as the highest, so as not to land an octave too low.
  let lag = part.findIndex((x) => x >= 0.9 * best);
  for (let i = 0; i < 8; i++) {
    const next = Math.min(lag + 1, part.length - 1);
    if (part[next]! > part[lag]!) lag = next;
  }
  return best > VOICED && lag > 1 ? RATE / (lag + SHORTEST) : 0;
}
