import { describe, expect, it } from "vitest";
import { align } from "../src/engine/align";
import { generate as loop } from "../src/engine/loop";
import { Random } from "../src/engine/random";
import { chances, draw, largest, penalised, type Sampling } from "../src/engine/sampling";
import { bestOf, collapse, doubt, edits, judge } from "../src/engine/selfcheck";
import { DECODING, fakeGraphs, value } from "./helpers";
import type { Feeds, Graphs } from "../src/engine/graphs";
import { begin, type Begun, type TokenRequest } from "../src/engine/stepper";

const SAMPLING: Sampling = { topK: 5, topP: 1, temperature: 1, repetitionPenalty: 1, minTokens: 0 };

describe("sampling", () => {
  it("keeps the likeliest k", () => {
    const found = chances(Float32Array.of(1, 5, 3, 4), { ...SAMPLING, topK: 2 });
    expect(Array.from(found, (x) => x > 0)).toEqual([false, true, false, true]);
  });

  it("finds the value of a rank as sorting does", () => {
    const random = new Random("rank");
    const values = Array.from({ length: 300 }, () => Math.floor(random.uniform() * 90));
    const sorted = [...values].sort((a, b) => b - a);
    for (const rank of [1, 2, 15, 299, 300]) expect(largest(values, rank)).toBe(sorted[rank - 1]);
  });

  it("keeps those that add up to p, the first in any case", () => {
    const logits = Float32Array.from([0.6, 0.3, 0.1].map(Math.log));
    const kept = (topP: number) => chances(logits, { ...SAMPLING, topP }).filter((x) => x > 0).length;
    expect([kept(0.05), kept(0.95), kept(1)]).toEqual([1, 2, 3]);
  });

  it("punishes repeats on both sides of zero and forbids an early end", () => {
    const found = penalised(Float32Array.of(2, -2, 2, 1), Uint8Array.of(1, 1, 0, 0),
      { ...SAMPLING, repetitionPenalty: 2, minTokens: 3 }, 2);
    expect(Array.from(found)).toEqual([1, -4, 2, -Infinity]);
  });

  it("draws as often as the chances say, and the same for the same seed", () => {
    const weights = Float64Array.of(0.7, 0.2, 0.1);
    const random = new Random(1, 2, 3);
    const counts = [0, 0, 0];
    for (let i = 0; i < 20000; i++) counts[draw(weights, random)]!++;
    counts.forEach((count, i) => expect(Math.abs(count / 20000 - weights[i]!)).toBeLessThan(0.015));
    const first = Array.from({ length: 20 }, ((r) => () => draw(weights, r))(new Random(7)));
    const again = Array.from({ length: 20 }, ((r) => () => draw(weights, r))(new Random(7)));
    expect(first).toEqual(again);
  });

  it("makes normal numbers", () => {
    const found = new Random("n").normals(40001, 2);
    const mean = found.reduce((a, b) => a + b, 0) / found.length;
    const spread = Math.sqrt(found.reduce((a, b) => a + (b - mean) ** 2, 0) / found.length);
    expect(Math.abs(mean)).toBeLessThan(0.05);
    expect(Math.abs(spread - 2)).toBeLessThan(0.05);
  });
});

describe("token loop", () => {
  const generate = async (
    graphs: Graphs, requests: TokenRequest[], ...rest: Parameters<typeof loop> extends [Graphs, Begun[], ...infer R] ? R : never
  ) => loop(graphs, await Promise.all(requests.map((one) => begin(graphs, one))), ...rest);
  // The stand-in's next code is the last one plus one; it also checks what the cache holds.
  const classes = DECODING.codes + 1;
  const row = (code: number) => Array.from({ length: classes }, (_, i) => (i === code ? 9 : 0));
  const graphs = (
    next: (code: number) => number, seen: number[][] = [],
    all: (next: number[]) => number[] = (x) => x,
  ) => fakeGraphs({
    prefill: (feeds: Feeds) => {
      const size = Number(feeds["phoneme_ids"]!.dims[1]) + Number(feeds["codes"]!.dims[1]);
      const filled = Array.from({ length: size * 2 }, (_, i) => i);
      return { outputs: value(row(1), 1, classes), key_0: value(filled, 1, 1, size, 2), value_0: value(filled, 1, 1, size, 2) };
    },
    step_fixed: (feeds: Feeds) => {
      const codes = Array.from(feeds["codes"]!.data, Number);
      const length = Number(feeds["length"]!.data[0]);
      const past = feeds["past_key_0"]!;
      seen.push([codes.length, length, Number(feeds["position"]!.data[0]), past.dims[2]!,
        Number(past.data[(length - 1) * 2])]);
      return {
        outputs: value(all(codes.map(next)).flatMap(row), codes.length, classes),
        new_key_0: value(codes.flatMap((code) => [code, code]), codes.length, 1, 1, 2),
        new_value_0: value(codes.flatMap((code) => [code, code]), codes.length, 1, 1, 2),
      };
    },
  });
  const request = { phonemeIds: [1, 2, 3], rows: 2, promptCodes: [4, 5], promptPhonemes: 1, promptSpoken: null };
  const never = async () => false;
  const greedy = { ...SAMPLING, topK: 1 };

  it("writes each new position to the cache and ends at the end", async () => {
    const seen: number[][] = [];
    const found = await generate(graphs((code) => code + 1, seen), [request], [new Random(1), new Random(2)],
      greedy, never);
    expect(found.map((c) => c.codes)).toEqual([[1, 2, 3, 4, 5, 6, 7], [1, 2, 3, 4, 5, 6, 7]]);
    expect(found.map((c) => c.finish)).toEqual(["end", "end"]);
    expect(seen.map(([rows, length, position]) => [rows, length, position]).slice(0, 2))
      .toEqual([[2, 5, 2], [2, 6, 3]]);
    expect(seen.slice(1, 4).map((x) => x[4])).toEqual([1, 2, 3]);
  });

  it("takes rows with a prompt and without, each with its own length", async () => {
    const alone = { phonemeIds: [2, 3], rows: 1, promptCodes: [], promptPhonemes: 0, promptSpoken: null };
    const slots: number[][] = [];
    const made = graphs((code) => code + 1);
    const watched = { ...made, run: async (name: string, feeds: Feeds) => {
      if (name === "step_fixed") {
        const { data, dims } = feeds["past_key_0"]!;
        const row = Number(dims[0]) - 1;
        const length = Number(feeds["length"]!.data[row]);
        slots.push([...Array.from(feeds["length"]!.data, Number), ...Array.from(feeds["position"]!.data, Number),
          Number(data[(row * dims[2]! + length - 1) * 2])]);
      }
      return made.run(name, feeds);
    } };
    const found = await generate(watched, [{ ...request, rows: 1 }, alone], [new Random(1), new Random(2)],
      greedy, never);
    expect(found.map((c) => c.codes)).toEqual([[1, 2, 3, 4, 5, 6, 7], [1, 2, 3, 4, 5, 6, 7]]);
    // Lengths, positions, and what the second row's cache holds before its next slot.
    expect(slots.slice(0, 3)).toEqual([[5, 2, 2, 0, 2], [6, 3, 3, 1, 1], [7, 4, 4, 2, 2]]);
  });

  it("leaves a candidate that runs on past one that passes, and waits where none does", async () => {
    // The first row counts up to the end, the last wanders until it is stopped.
    const racing = () => {
      let turn = 0;
      return graphs((code) => code + 1, [], (next) => [...next.slice(0, -1), 1 + (++turn * turn) % 7]);
    };
    const asked: number[][] = [];
    const run = (passes: boolean) => generate(racing(), [request], [new Random(1), new Random(2)], greedy, never,
      async (one) => {
        asked.push(one.codes);
        return passes;
      });
    const [kept, left] = await run(true);
    expect([kept!.finish, left!.finish]).toEqual(["end", "late"]);
    expect(left!.codes.length).toBe(kept!.codes.length + 6);
    const [same, waited] = await run(false);
    expect(same).toEqual(kept);
    expect(waited!.finish).toBe("limit");
    expect(waited!.codes.slice(0, left!.codes.length)).toEqual(left!.codes);
    expect(asked).toEqual([kept!.codes, kept!.codes]); // once each time
  });

  it("stops where it only repeats, and leaves the repeats out", async () => {
    const [found] = await generate(graphs((code) => (code === 2 ? 1 : 2)), [{ ...request, rows: 1 }], [new Random(1)],
      greedy, never);
    expect(found).toEqual({ codes: [1, 2], finish: "cycle" });
  });

  it("stops at the limit and when it is told to", async () => {
    // Codes that never repeat a short period: 1 2 3 4 5 6 7 2 4 6 1 3 5 ...
    let made = 0;
    const wander = () => [3, 1, 6, 2, 7, 4, 5][(made = made * 3 + 1) % 7]! % 7;
    const [found] = await generate(graphs(wander), [{ ...request, rows: 1 }], [new Random(1)],
      { ...greedy, minTokens: 99 }, never);
    expect(["limit", "cycle"]).toContain(found!.finish);
    await expect(generate(graphs((c) => c), [request], [new Random(1), new Random(2)], greedy, async () => true))
      .rejects.toMatchObject({ code: "cancelled" });
  });
});

describe("alignment", () => {
  const scores = (path: number[], classes: number) => Float32Array.from(path.flatMap((x) =>
    Array.from({ length: classes }, (_, c) => (c === x ? -0.1 : -5))));

  it("tells which phoneme has begun by the end of each token", () => {
    // Blank is 3; frames: - 0 0 1 - 1 2 2, two a token.
    expect(align(scores([3, 0, 0, 1, 3, 1, 2, 2], 4), 8, [0, 1, 1, 2], 3, 2)).toEqual([0, 1, 2, 3]);
    expect(align(scores([3, 3, 3, 0, 0, 0], 4), 6, [0], 3, 2)).toEqual([0, 0, 0]);
  });

  it("gives nothing where there are more phonemes than frames", () => {
    expect(align(scores([0, 1], 3), 2, [0, 1, 0], 2, 1)).toEqual([]);
    expect(align(scores([0, 1], 3), 2, [0, 0], 2, 1)).toEqual([]); // a blank must stand between
  });
});

describe("self-check", () => {
  it("counts edits and the longest gaps", () => {
    expect(edits([1, 2, 3, 4, 5, 6], [1, 2, 5, 6])).toEqual({ distance: 2, missing: 2, surplus: 0 });
    expect(edits([1, 2], [1, 9, 9, 9, 2])).toEqual({ distance: 3, missing: 0, surplus: 3 });
    expect(edits([], [])).toEqual({ distance: 0, missing: 0, surplus: 0 });
  });

  it("passes what is near and ends, and prefers it", () => {
    const limits = { language: "en", errors: 0.2, run: 1, tokens_low: 1, tokens_high: 4 };
    const good = judge([1, 2, 3, 4, 5], [1, 2, 3, 4, 5], 10, limits, true);
    const dropped = judge([1, 2, 3, 4, 5], [1, 4, 5], 10, limits, true);
    const endless = judge([1, 2, 3, 4, 5], [1, 2, 3, 4, 5], 10, limits, false);
    expect([good.passed, dropped.passed, endless.passed]).toEqual([true, false, false]);
    expect(bestOf([dropped, endless, good])).toBe(2);
    expect(judge([1, 2], [1, 2], 60, limits, true).passed).toBe(false); // far too slow
  });

  it("doubts as Python does", () => {
    // Symbols of classes 0, silence, 1, 0, and the blank; figures of voice.synth.selfcheck.doubt.
    const scores = Float32Array.from([
      .5, .1, .2, .1, .1, .1, .1, .1, .1, .6, .1, .2, .4, .2, .1, .3, .1, .1, .3, .2, .05, .05, .1, .1, .7,
    ], Math.log);
    const found = [[0, 1, 0], [0, 0], [1], [0]].map((wanted) => doubt(scores, 5, wanted, [0, -1, 1, 0]));
    const figures = [0.56817, 0.79917, 3.23653, 2.02064];
    figures.forEach((figure, i) => expect(found[i]).toBeCloseTo(figure, 4));
    expect(doubt(scores.slice(0, 5), 1, [0, 0], [0, -1, 1, 0])).toBe(10); // too short
    expect([doubt(scores, 5, [], [0]), doubt(scores, 0, [1], [0, 1])]).toEqual([0, 10]);
    const limits = { language: "en", errors: 0.2, run: 1, tokens_low: 1, tokens_high: 4 };
    const [sure, unsure] = [0.2, 1.1].map((x) => judge([1, 2], [1, 2], 5, limits, true, x));
    expect(bestOf([unsure!, sure!])).toBe(1);
  });

  it("drops repeats, then blanks", () => {
    expect(collapse([9, 1, 1, 9, 1, 2, 2], 9)).toEqual([1, 1, 2]);
  });
});
