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

/** Compares one candidate with what was wanted; both as sound classes. */
export function judge(
  wanted: number[], read: number[], tokens: number, limits: Limits, ended: boolean,
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
  return { errors, passed, cost: errors + gaps / count + (ended ? 0 : 1) + off };
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
