// A recording made ready for cloning: checked, trimmed, levelled; the rules of voice/audio.

import { AppError } from "../errors";

const FRAME_SECONDS = 0.01;
const LEVEL_DB = -23;
const PEAK = 0.97;
const FLOOR_DB = -120;
const MARGIN_SECONDS = 0.1;
const GAP_FRAMES = 30;
const BURST_FRAMES = 5;
const SILENT_DB = -55;
const MOST_CLIPPED = 0.02;
export const LEAST_SECONDS = 1;
export const MOST_SECONDS = 12;

const frameOf = (rate: number) => Math.max(1, Math.round(rate * FRAME_SECONDS));

/** Level of each 10 ms in dB of full scale. */
export function frameLevels(samples: Float32Array, rate: number): number[] {
  const size = frameOf(rate);
  const out: number[] = [];
  for (let at = 0; at < samples.length; at += size) {
    let power = 0;
    for (let i = at; i < Math.min(at + size, samples.length); i++) power += samples[i]! ** 2;
    out.push(10 * Math.log10(power / size + 10 ** (FLOOR_DB / 10)));
  }
  return out;
}

/** A value that a share of the others lie under, between neighbours in proportion. */
export function quantile(values: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(values as ArrayLike<number>).sort();
  const place = (sorted.length - 1) * share;
  const low = Math.floor(place);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low]! + (sorted[high]! - sorted[low]!) * (place - low);
}

/** Which frames are speech: well above the quietest tenth, gaps filled, clicks left out. */
export function speechFrames(levels: number[]): boolean[] {
  if (!levels.length) return [];
  const sorted = [...levels].sort((a, b) => a - b);
  const loudest = Math.min(20, Math.floor(levels.length / 20));
  const high = sorted[sorted.length - 1 - loudest]!;
  const low = quantile(levels, 0.1);
  const wanted = low + Math.max(6, 0.35 * (high - low));
  const threshold = Math.min(Math.max(wanted, high - 40), high - 6);
  const active = levels.map((x) => x > threshold);
  for (const [start, stop] of runs(active, true)) {
    if (stop - start < BURST_FRAMES) active.fill(false, start, stop);
  }
  for (const [start, stop] of runs(active, false)) {
    if (stop - start < GAP_FRAMES && start > 0 && stop < active.length) active.fill(true, start, stop);
  }
  return active;
}

function runs(mask: boolean[], value: boolean): [number, number][] {
  const out: [number, number][] = [];
  let start = -1;
  for (let i = 0; i <= mask.length; i++) {
    if (i < mask.length && mask[i] === value) {
      if (start < 0) start = i;
    } else if (start >= 0) {
      out.push([start, i]);
      start = -1;
    }
  }
  return out;
}

/** The speech of a recording at one level, or an error that says what is wrong with it. */
export function prepare(given: Float32Array, rate: number): Float32Array {
  const mean = given.reduce((a, b) => a + b, 0) / Math.max(1, given.length);
  const samples = given.map((x) => x - mean);
  const levels = frameLevels(samples, rate);
  const highest = samples.reduce((a, x) => Math.max(a, Math.abs(x)), 0);
  if (samples.length < LEAST_SECONDS * rate) throw new AppError("recording", "short");
  if (quantile(levels, 0.95) < SILENT_DB) throw new AppError("recording", "silent");
  const clipped = samples.filter((x) => highest > 0.5 && Math.abs(x) > 0.999 * highest).length;
  if (clipped > MOST_CLIPPED * samples.length) throw new AppError("recording", "clipped");
  const active = speechFrames(levels);
  const first = active.indexOf(true);
  const last = active.lastIndexOf(true);
  if (first < 0) throw new AppError("recording", "silent");
  const margin = Math.round(MARGIN_SECONDS * rate);
  const start = Math.max(0, first * frameOf(rate) - margin);
  const stop = Math.min(samples.length, (last + 1) * frameOf(rate) + margin);
  const speech = samples.slice(start, Math.min(stop, start + MOST_SECONDS * rate));
  if (speech.length < LEAST_SECONDS * rate) throw new AppError("recording", "short");
  return toLevel(speech, rate);
}

function toLevel(samples: Float32Array, rate: number): Float32Array {
  const levels = frameLevels(samples, rate);
  const limit = quantile(levels, 0.99) - 25;
  const loud = levels.filter((x) => x > limit);
  const level = 10 * Math.log10(loud.reduce((a, x) => a + 10 ** (x / 10), 0) / loud.length);
  const highest = samples.reduce((a, x) => Math.max(a, Math.abs(x)), 1e-9);
  const gain = Math.min(10 ** ((LEVEL_DB - level) / 20), PEAK / highest);
  return samples.map((x) => x * gain);
}

/** Another sample rate, by a windowed sinc filter. */
export function resample(samples: Float32Array, from: number, to: number): Float32Array {
  if (from === to) return samples;
  const ratio = to / from;
  const cut = Math.min(1, ratio) * 0.97;
  const taps = Math.ceil(32 / cut);
  const out = new Float32Array(Math.max(1, Math.round(samples.length * ratio)));
  for (let i = 0; i < out.length; i++) {
    const centre = i / ratio;
    const first = Math.max(0, Math.ceil(centre - taps));
    const last = Math.min(samples.length - 1, Math.floor(centre + taps));
    let sum = 0;
    for (let j = first; j <= last; j++) {
      const x = centre - j;
      const angle = Math.PI * x * cut;
      const sinc = Math.abs(angle) < 1e-9 ? 1 : Math.sin(angle) / angle;
      sum += samples[j]! * sinc * cut * (0.5 + 0.5 * Math.cos((Math.PI * x) / (taps + 1)));
    }
    out[i] = sum;
  }
  return out;
}

/** Fades of 5 ms at both ends, of a copy. */
export function faded(samples: Float32Array, rate: number): Float32Array {
  const out = samples.slice();
  const size = Math.min(Math.round(0.005 * rate), out.length >> 1);
  for (let i = 0; i < size; i++) {
    const share = size > 1 ? i / (size - 1) : 1;
    out[i]! *= share;
    out[out.length - 1 - i]! *= share;
  }
  return out;
}
