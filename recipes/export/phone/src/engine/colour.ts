// The equaliser of a voice: how the average spectrum of its recording differs from that of its own
// tokens spoken again; the rules of voice/synth/colour.py and voice/audio/equalizer.py.

export const BANDS = 64;
const TOP_HZ = 7600;
const BREAK_HZ = 700;
const COEFFICIENTS = 20;
const MOST_DB = 9;
const SPEECH_DB = 30;
const FRAME_SECONDS = 0.04;
const LEAST_FRAMES = 20;

const EDGES = Float64Array.from({ length: BANDS + 2 }, (_, i) =>
  BREAK_HZ * Math.expm1((Math.log1p(TOP_HZ / BREAK_HZ) * i) / (BANDS + 1)));

/** Power of each bin of a frame, whose length is a power of two; in place (Cooley and Tukey 1965). */
function power(real: Float64Array): Float64Array {
  const size = real.length;
  const imaginary = new Float64Array(size);
  for (let i = 1, j = 0; i < size; i++) {
    let bit = size >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) [real[i], real[j]] = [real[j]!, real[i]!];
  }
  for (let half = 1; half < size; half *= 2) {
    for (let k = 0; k < half; k++) {
      const [cos, sin] = [Math.cos((Math.PI * k) / half), -Math.sin((Math.PI * k) / half)];
      for (let a = k; a < size; a += 2 * half) {
        const b = a + half;
        const re = real[b]! * cos - imaginary[b]! * sin;
        const im = real[b]! * sin + imaginary[b]! * cos;
        [real[b], imaginary[b]] = [real[a]! - re, imaginary[a]! - im];
        [real[a], imaginary[a]] = [real[a]! + re, imaginary[a]! + im];
      }
    }
  }
  return Float64Array.from({ length: size / 2 + 1 }, (_, i) => real[i]! ** 2 + imaginary[i]! ** 2);
}

/** The mean over speech of the level in each band, in dB; null where there is too little. */
function averageSpectrum(samples: Float32Array, rate: number): Float64Array | null {
  const size = 2 * Math.round((rate * FRAME_SECONDS) / 2);
  const padded = 2 ** Math.ceil(Math.log2(size));
  const filters = Array.from({ length: BANDS }, (_, band) => {
    const [low, middle, high] = [EDGES[band]!, EDGES[band + 1]!, EDGES[band + 2]!];
    const row = Float64Array.from({ length: padded / 2 + 1 }, (_, bin) => {
      const hz = (bin * rate) / padded;
      return Math.max(0, Math.min((hz - low) / (middle - low), (high - hz) / (high - middle)));
    });
    const sum = row.reduce((a, b) => a + b, 0);
    const first = row.findIndex((x) => x > 0);
    return { first, row: row.subarray(first, first + row.filter((x) => x > 0).length).map((x) => x / sum) };
  });
  const levels: Float64Array[] = [];
  for (let at = 0; at + size <= samples.length; at += size >> 2) {
    const frame = new Float64Array(padded);
    for (let i = 0; i < size; i++) {
      frame[i] = samples[at + i]! * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / (size - 1)));
    }
    const bins = power(frame);
    levels.push(Float64Array.from(filters, ({ first, row }) =>
      10 * Math.log10(row.reduce((sum, x, i) => sum + x * bins[first + i]!, 0) + 1e-9)));
  }
  const loudness = levels.map((x) => x.reduce((a, b) => a + b, 0) / BANDS);
  const loudest = loudness.reduce((a, b) => Math.max(a, b), -Infinity);
  const spoken = levels.filter((_, i) => loudness[i]! > loudest - SPEECH_DB);
  if (spoken.length < LEAST_FRAMES) return null;
  return Float64Array.from({ length: BANDS }, (_, k) =>
    spoken.reduce((sum, x) => sum + x[k]!, 0) / spoken.length);
}

/** Gains in dB that give made speech the average spectrum of real speech; null where unknown. */
export function matchingGains(
  made: Float32Array, real: Float32Array, rate: number,
): Float32Array | null {
  const [wanted, given] = [averageSpectrum(real, rate), averageSpectrum(made, rate)];
  if (!wanted || !given) return null;
  const smooth = new Float64Array(BANDS);
  for (let q = 1; q < COEFFICIENTS; q++) {
    const cosine = (k: number) => Math.cos((Math.PI / BANDS) * q * (k + 0.5));
    let sum = 0;
    for (let k = 0; k < BANDS; k++) sum += cosine(k) * (wanted[k]! - given[k]!);
    for (let k = 0; k < BANDS; k++) smooth[k]! += (2 / BANDS) * sum * cosine(k);
  }
  const gains = smooth.map((x) => Math.max(-MOST_DB, Math.min(MOST_DB, x)));
  let [before, after] = [0, 0];
  for (let k = 0; k < BANDS; k++) {
    const own = 10 ** (given[k]! / 10) * (EDGES[k + 2]! - EDGES[k]!);
    before += own;
    after += own * 10 ** (gains[k]! / 10);
  }
  const louder = 10 * Math.log10(after / before);
  return Float32Array.from(gains, (x) => x - louder);
}

/** The weighted mean of two voices' gains, null being none. */
export function blendGains(
  a: Float32Array | null, b: Float32Array | null, share: number,
): Float32Array | null {
  if (!a && !b) return null;
  return Float32Array.from({ length: BANDS }, (_, k) =>
    (1 - share) * (a?.[k] ?? 0) + share * (b?.[k] ?? 0));
}
