// A stand-in for the runtime, and small material.

import type { Decoding, Manifest } from "../src/core/manifest";
import type { Feeds, Graphs, Value } from "../src/engine/graphs";

export const DECODING: Decoding = {
  rate: 25, codes: 8, layers: 1, heads: 1, head_width: 2, bert_width: 0, top_k: 15, top_p: 1,
  temperature: 0.7, repetition_penalty: 1, noise_scale: 0.5, candidates: 2, alone: 2, retries: 1, min_tokens: 2,
  max_tokens: 40, tokens_base: 20, tokens_per_phoneme: 4, longest_period: 4, cycle_tokens: 6, reading: null,
};

type Run = (feeds: Feeds) => Record<string, Value>;

export function fakeGraphs(runs: Record<string, Run>, changes: Partial<Manifest> = {}): Graphs {
  const manifest = {
    decoding: DECODING, selfcheck: [], graphs: [], tokenizing: null,
    sound: {
      sample_rate: 24000, latent: 3, stretch: 2, frame_samples: 10, context_frames: 4, timbre_width: 2,
      timbre_rate: 24000, speaker_width: 0, takes_pitch: false,
    },
    ...changes,
  } as unknown as Manifest;
  return {
    manifest,
    has: (name) => name in runs,
    takes: (name, input) => manifest.graphs.some((g) => g.name === name && g.inputs.some((x) => x.name === input)),
    run: async (name, feeds) => new Map(Object.entries(runs[name]!(feeds))),
    room: (count) => new Float32Array(count),
    leave: () => undefined,
  };
}

export const value = (data: number[], ...dims: number[]): Value => ({ data: Float32Array.from(data), dims });
export const whole = (data: number[], ...dims: number[]): Value => ({
  data: BigInt64Array.from(data, (x) => BigInt(x)), dims,
});

/** Numbers that look like noise, the same each time. */
export function noise(count: number, level: number): Float32Array {
  let state = 12345;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state / 2 ** 31 - 1) * level;
  });
}
