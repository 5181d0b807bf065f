// Drawing tokens: the rules of voice/export/sampling.py.

import type { Random } from "./random";

const COLDEST = 1e-5;

export interface Sampling {
  topK: number;
  topP: number;
  temperature: number;
  repetitionPenalty: number;
  minTokens: number;
}

/** Logits after the rules about earlier tokens; the last class is the end. */
export function penalised(
  logits: Float32Array, used: Uint8Array, sampling: Sampling, made: number,
): Float32Array {
  const out = logits.slice();
  const penalty = sampling.repetitionPenalty;
  if (penalty !== 1) {
    for (let i = 0; i < out.length; i++) {
      if (used[i]) out[i] = out[i]! < 0 ? out[i]! * penalty : out[i]! / penalty;
    }
  }
  if (made < sampling.minTokens) out[out.length - 1] = -Infinity;
  return out;
}

export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/** What is drawn from, given penalised logits; it need not add up to 1. */
export function chances(logits: Float32Array, sampling: Sampling): Float64Array {
  const kept = Float64Array.from(logits);
  if (sampling.topP < 1) nucleus(kept, sampling.topP);
  const temperature = Math.max(sampling.temperature, COLDEST);
  for (let i = 0; i < kept.length; i++) kept[i] = kept[i]! / temperature;
  if (sampling.topK < kept.length) {
    const weakest = largest(kept, sampling.topK);
    for (let i = 0; i < kept.length; i++) if (kept[i]! < weakest) kept[i] = -Infinity;
  }
  const most = kept.reduce((a, b) => Math.max(a, b), -Infinity);
  return kept.map((x) => Math.exp(x - most));
}

/** The `rank`-th largest of some values; each is compared with the largest so far only. */
export function largest(values: ArrayLike<number>, rank: number): number {
  const most = new Float64Array(rank).fill(-Infinity); // descending
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value <= most[rank - 1]!) continue;
    let place = rank - 1;
    for (; place > 0 && most[place - 1]! < value; place--) most[place] = most[place - 1]!;
    most[place] = value;
  }
  return most[rank - 1]!;
}

/** Leaves the likeliest classes that add up to `most`, in place. */
function nucleus(logits: Float64Array, most: number): void {
  const order = Array.from(logits.keys()).sort((a, b) => logits[b]! - logits[a]!);
  const top = logits[order[0]!]!;
  const weights = order.map((i) => Math.exp(logits[i]! - top));
  const total = weights.reduce((a, b) => a + b, 0);
  let sum = 0;
  order.forEach((i, place) => {
    sum += weights[place]! / total;
    if (place > 0 && sum > most) logits[i] = -Infinity;
  });
}

/** One token: the largest quotient of chance and an exponential number wins. */
export function draw(weights: Float64Array, random: Random): number {
  let best = 0;
  let most = -1;
  for (let i = 0; i < weights.length; i++) {
    if (!weights[i]) continue; // most are 0, and cannot win
    const race = weights[i]! / random.exponential();
    if (race > most) [best, most] = [i, race];
  }
  return best;
}
