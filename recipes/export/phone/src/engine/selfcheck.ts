// Do the drawn tokens say the wanted phonemes? The rules of voice/synth/selfcheck.py.

import type { Limits } from "../core/manifest";

export const OTHERS: Limits = { language: "", errors: 0.45, run: 4, tokens_low: 0.8, tokens_high: 6 };

export interface Reading {
  errors: number;
  passed: boolean;
  cost: number;
}

/** Sound classes of phonemes, silence left out. */
export function soundClasses(ids: ArrayLike<number>, classes: number[]): number[] {
  return Array.from(ids, (id) => classes[id] ?? -1).filter((c) => c >= 0);
}

/** CTC's rule: repeats are one, blanks are none. */
export function collapse(best: number[], blank: number): number[] {
  return best.filter((x, i) => x !== blank && x !== best[i - 1]);
}

interface Edits {
  distance: number;
  missing: number;
  surplus: number;
}

/** Cheapest edits from `wanted` to `read`, all costing one, and the longest one-sided runs. */
export function edits(wanted: number[], read: number[]): Edits {
  const width = read.length + 1;
  const cost = new Int32Array((wanted.length + 1) * width);
  for (let j = 0; j < width; j++) cost[j] = j;
  for (let i = 1; i <= wanted.length; i++) {
    cost[i * width] = i;
    for (let j = 1; j < width; j++) {
      const same = read[j - 1] === wanted[i - 1] ? 0 : 1;
      cost[i * width + j] = Math.min(cost[(i - 1) * width + j]! + 1,
        cost[(i - 1) * width + j - 1]! + same, cost[i * width + j - 1]! + 1);
    }
  }
  const at = (i: number, j: number) => cost[i * width + j]!;
  let [i, j] = [wanted.length, read.length];
  const [missing, surplus] = [{ run: 0, longest: 0 }, { run: 0, longest: 0 }];
  while (i || j) {
    if (i && j && wanted[i - 1] === read[j - 1] && at(i, j) === at(i - 1, j - 1)) {
      [i, j] = [i - 1, j - 1];
      missing.run = surplus.run = 0;
    } else if (i && j && at(i, j) === at(i - 1, j - 1) + 1) {
      [i, j] = [i - 1, j - 1];
    } else {
      const side = i && at(i, j) === at(i - 1, j) + 1 ? missing : surplus;
      if (side === missing) i--;
      else j--;
      side.longest = Math.max(side.longest, ++side.run);
    }
  }
  return { distance: at(wanted.length, read.length), missing: missing.longest, surplus: surplus.longest };
}

const DOUBT = 0.15;
const MOST_DOUBT = 10;

const logsum = (a: number, b: number): number => {
  const [most, least] = a > b ? [a, b] : [b, a];
  return least === -Infinity ? most : most + Math.log1p(Math.exp(least - most));
};

/**
 * How unlikely the reader finds the wanted sound classes, in nats a phoneme: CTC's loss.
 *
 * @param scores (F, S) log-probabilities of the symbols and, last, the blank.
 * @param classes of each symbol; -1 for silence.
 */
export function doubt(scores: Float32Array, frames: number, wanted: number[], classes: number[]): number {
  if (!wanted.length || !frames) return wanted.length ? MOST_DOUBT : 0;
  const width = scores.length / frames;
  const blank = classes.reduce((a, b) => Math.max(a, b), 0) + 1;
  const path = wanted.flatMap((x) => [blank, x]).concat(blank);
  const levels = new Float64Array(blank + 1);
  // Before the first frame, from where the first phoneme is one step away too.
  let sums = path.map((_, i) => (i ? -Infinity : 0));
  for (let frame = 0; frame < frames; frame++) {
    levels.fill(1e-12);
    for (let s = 0; s < width; s++) {
      const own = classes[s] ?? -1;
      levels[own < 0 ? blank : own]! += Math.exp(scores[frame * width + s]!);
    }
    sums = path.map((own, i) => {
      // From the phoneme before the blank before, unless that is the same, which needs the blank.
      const open = own !== blank && i > 1 && own !== path[i - 2];
      const before = logsum(i ? sums[i - 1]! : -Infinity, open ? sums[i - 2]! : -Infinity);
      return logsum(sums[i]!, before) + Math.log(levels[own]!);
    });
  }
  return Math.min(MOST_DOUBT, -logsum(sums.at(-1)!, sums.at(-2)!) / wanted.length);
}

/** Compares one candidate with what was wanted; both as sound classes. */
export function judge(
  wanted: number[], read: number[], tokens: number, limits: Limits, ended: boolean, doubted = 0,
): Reading {
  const found = edits(wanted, read);
  const count = Math.max(1, wanted.length);
  const errors = found.distance / count;
  const pace = tokens / count;
  const passed = ended && (errors <= limits.errors || found.distance <= 1) &&
    Math.max(found.missing, found.surplus) <= limits.run &&
    limits.tokens_low <= pace && pace <= limits.tokens_high + 25 / count;
  const gaps = Math.max(0, found.missing - 1) + Math.max(0, found.surplus - 1);
  const off = Math.max(0, limits.tokens_low - pace, (pace - limits.tokens_high) / limits.tokens_high);
  return { errors, passed, cost: errors + gaps / count + (ended ? 0 : 1) + off + DOUBT * doubted };
}

/** Index of the reading to keep: one that passed before one that did not, then the cheapest. */
export function bestOf(readings: Reading[]): number {
  let best = 0;
  readings.forEach((own, i) => {
    const other = readings[best]!;
    if (own.passed !== other.passed ? own.passed : own.cost < other.cost) best = i;
  });
  return best;
}
