// The token loop: one text, several candidates; `generate` of voice/export/decoding.py.

import { AppError } from "../errors";
import type { Decoding } from "../core/manifest";
import type { Graphs } from "./graphs";
import type { Random } from "./random";
import { argmax, chances, draw, penalised, type Sampling } from "./sampling";
import { Stepper, type Begun } from "./stepper";

export interface Candidate {
  codes: number[];
  finish: "end" | "limit" | "cycle" | "late";
}

/**
 * A finished candidate that passes is kept, and the others are left, once they are longer than it
 * by this share and a few tokens; see voice/export/decoding.py.
 */
const LATE = { share: 3, tokens: 4 };

/** One candidate under way. */
class Row {
  readonly codes: number[] = [];
  private runs: number[] = [];
  readonly used: Uint8Array;

  constructor(readonly index: number, readonly random: Random, numbers: Decoding, prompt: number[]) {
    this.used = new Uint8Array(numbers.codes + 1);
    for (const code of prompt) this.used[code] = 1;
    this.runs = new Array<number>(numbers.longest_period).fill(0);
  }

  /** Adds a token; the number of tokens that only repeat those a period before, 0 if not stuck. */
  add(code: number, numbers: Decoding): number {
    const made = this.codes.length;
    let stuck = 0;
    for (let period = 1; period <= numbers.longest_period; period++) {
      const same = period <= made && this.codes[made - period] === code;
      const run = same ? this.runs[period - 1]! + 1 : 0;
      this.runs[period - 1] = run;
      if (run >= Math.max(numbers.cycle_tokens, 2 * period)) stuck = Math.max(stuck, run);
    }
    this.codes.push(code);
    this.used[code] = 1;
    return stuck;
  }
}

/**
 * Speaks one text, in tokens; a source of random numbers for each candidate of the requests, in
 * their order, which is that of what is returned. `passes` is asked about a finished candidate that
 * others have become too long for; without it all are waited for.
 */
export async function generate(
  graphs: Graphs, begun: Begun[], randoms: Random[], sampling: Sampling,
  cancelled: () => Promise<boolean>, passes?: (one: Candidate) => Promise<boolean>,
): Promise<Candidate[]> {
  const numbers = graphs.manifest.decoding;
  const phonemes = Math.max(...begun.map(({ request }) =>
    request.phonemeIds.length - request.promptPhonemes));
  const limit = Math.min(numbers.max_tokens,
    Math.floor(numbers.tokens_base + numbers.tokens_per_phoneme * phonemes));
  const stepper = Stepper.start(graphs, begun, limit);
  const done: Candidate[] = [];
  const prompts = begun.flatMap(({ request }) => Array<number[]>(request.rows).fill(request.promptCodes));
  let rows = prompts.map((prompt, i) => new Row(i, randoms[i]!, numbers, prompt));
  try {
    for (let made = 0; rows.length; made++) {
      if (await cancelled()) throw new AppError("cancelled");
      const going: number[] = [];
      rows.forEach((row, i) => {
        const logits = penalised(stepper.logits[i]!, row.used, sampling, made);
        const code = draw(chances(logits, sampling), row.random);
        const ended = code === numbers.codes || argmax(logits) === numbers.codes;
        const stuck = row.add(code, numbers);
        if (ended) done[row.index] = { codes: row.codes.slice(0, -1), finish: "end" };
        else if (stuck) done[row.index] = { codes: row.codes.slice(0, -stuck), finish: "cycle" };
        else if (made + 1 >= limit) done[row.index] = { codes: row.codes.slice(), finish: "limit" };
        else going.push(i);
      });
      if (going.length < rows.length) {
        rows = going.map((i) => rows[i]!);
        if (rows.length) stepper.keep(going);
      }
      if (passes && rows.length && await overtaken(done, made + 1, passes)) {
        for (const row of rows) done[row.index] = { codes: row.codes.slice(), finish: "late" };
        rows = [];
      }
      if (rows.length) await stepper.step(rows.map((row) => row.codes.at(-1)!));
    }
  } finally {
    stepper.close();
  }
  return done;
}

/** Whether one that ended by itself passes, and the others have just become too long for it. */
async function overtaken(
  done: Candidate[], made: number, passes: (one: Candidate) => Promise<boolean>,
): Promise<boolean> {
  for (const one of done) {
    if (one?.finish !== "end") continue;
    const wait = Math.floor(one.codes.length / LATE.share) + LATE.tokens;
    if (made === one.codes.length + wait && await passes(one)) return true;
  }
  return false;
}
