// The language model in the middle of a text: cache, positions, and where each row reads;
// `Stepper` and `Head` of voice/export/decoding.py.
// Axes: B rows, P phonemes, Q prompt codes, S cache slots, H heads, E head width, D width.

import type { Decoding } from "../core/manifest";
import { floats, floatsOf, longs, type Feeds, type Graphs, type Value } from "./graphs";
import { argmax } from "./sampling";

const SPARE_SLOTS = 32;
const NEVER = -1e4;

/** One text and some of its candidates; others may be given another prompt, or none. */
export interface TokenRequest {
  /** The prompt's phonemes, then the text's. */
  phonemeIds: number[];
  rows: number;
  promptCodes: number[];
  promptPhonemes: number;
  /** Which phoneme each prompt code says; null spreads them evenly. */
  promptSpoken: number[] | null;
}

/** (Q) phonemes that the prompt's codes say. */
function spokenOf(request: TokenRequest): number[] {
  const count = request.promptCodes.length;
  if (request.promptSpoken?.length === count) return request.promptSpoken;
  return request.promptCodes.map((_, i) => Math.floor((i * request.promptPhonemes) / Math.max(1, count)));
}

/** One cache tensor (B, H, S, E) with free slots at its end, where the step reads it uncopied. */
class Buffer {
  private constructor(
    private readonly graphs: Graphs, public data: Float32Array, public rows: number,
    readonly heads: number, public slots: number, readonly width: number,
  ) {}

  /** Of what each row has written, (1, H, P + Q, E). */
  static filled(graphs: Graphs, written: Value[], slots: number): Buffer {
    const [, heads = 0, , width = 0] = written[0]!.dims;
    const size = written.length * heads * slots * width;
    const made = new Buffer(graphs, graphs.room(size), written.length, heads, slots, width);
    written.forEach(({ data, dims }, row) => {
      const used = dims[2]! * width;
      for (let head = 0; head < heads; head++) {
        const own = (data as Float32Array).subarray(head * used, (head + 1) * used);
        made.data.set(own, (row * heads + head) * slots * width);
      }
    });
    return made;
  }

  /** Each row's newest position goes to a slot of its own. */
  put(added: Float32Array, slots: number[]): void {
    for (let i = 0; i < this.rows * this.heads; i++) {
      const [from, slot] = [i * this.width, slots[Math.floor(i / this.heads)]!];
      this.data.set(added.subarray(from, from + this.width), (i * this.slots + slot) * this.width);
    }
  }

  grow(more: number): void {
    const [size, slots] = [this.slots * this.width, this.slots + more];
    const longer = this.graphs.room(this.rows * this.heads * slots * this.width);
    for (let i = 0; i < this.rows * this.heads; i++) {
      longer.set(this.data.subarray(i * size, (i + 1) * size), i * slots * this.width);
    }
    this.replace(longer);
    this.slots = slots;
  }

  keep(rows: number[]): void {
    const size = this.heads * this.slots * this.width;
    const kept = this.graphs.room(rows.length * size);
    rows.forEach((row, i) => kept.set(this.data.subarray(row * size, (row + 1) * size), i * size));
    this.replace(kept);
    this.rows = rows.length;
  }

  close(): void {
    this.graphs.leave(this.data);
  }

  private replace(data: Float32Array): void {
    this.close();
    this.data = data;
  }
}

/** A request that was read. */
export interface Begun {
  request: TokenRequest;
  found: Map<string, Value>;
}

/** Reads a text and its prompt. */
export async function begin(graphs: Graphs, request: TokenRequest): Promise<Begun> {
  const numbers = graphs.manifest.decoding;
  const { phonemeIds, promptCodes } = request;
  const spoken = spokenOf(request);
  const feeds: Feeds = {
    phoneme_ids: longs(phonemeIds, 1, phonemeIds.length),
    codes: longs(promptCodes, 1, promptCodes.length),
  };
  if (numbers.bert_width) {
    const size = phonemeIds.length * numbers.bert_width;
    feeds["bert"] = floats(new Float32Array(size), 1, phonemeIds.length, numbers.bert_width);
  }
  if (numbers.reading) feeds["spoken"] = longs(spoken, 1, spoken.length);
  return { request, found: await graphs.run("prefill", feeds) };
}

/** Where one row reads: (P, D) it sees at each phoneme, its place, tokens it has waited at the last. */
interface Reader {
  window: Float32Array;
  last: number;
  place: number;
  waited: number;
}

/** Where each row reads; see voice/nn/reading.py. */
class Head {
  constructor(
    private readonly numbers: Decoding, private readonly width: number, private readers: Reader[],
  ) {}

  seen(): Float32Array {
    const { width } = this;
    const out = new Float32Array(this.readers.length * width);
    this.readers.forEach(({ window, place }, i) =>
      out.set(window.subarray(place * width, (place + 1) * width), i * width));
    return out;
  }

  /** Logits of the codes out of a row's outputs. */
  codes(outputs: Float32Array, row: number): Float32Array {
    const end = this.numbers.codes;
    const rules = this.numbers.reading!;
    const { place, last, waited } = this.readers[row]!;
    const logits = outputs.slice(0, end + 1);
    if (place < last - rules.near_end) logits[end] = NEVER;
    if (waited >= rules.patience) logits[end] = -NEVER;
    return logits;
  }

  follow(outputs: Float32Array[]): void {
    const end = this.numbers.codes;
    outputs.forEach((own, row) => {
      const move = this.numbers.reading!.moves[argmax(own.subarray(end + 1))]!;
      const reader = this.readers[row]!;
      reader.place = Math.min(Math.max(reader.place + move, 0), reader.last);
      reader.waited = reader.place >= reader.last ? reader.waited + 1 : 0;
    });
  }

  keep(rows: number[]): void {
    this.readers = rows.map((row) => this.readers[row]!);
  }
}

export class Stepper {
  logits: Float32Array[] = [];
  /** Of each row: written slots, and codes before the next. */
  private length: number[] = [];
  private position: number[] = [];
  private cache: Buffer[] = [];
  private head: Head | null = null;
  private readonly names: string[] = [];

  private constructor(private readonly graphs: Graphs) {
    for (let i = 0; i < graphs.manifest.decoding.layers; i++) this.names.push(`key_${i}`, `value_${i}`);
  }

  /** Candidates are rows in the order of the requests. `room` is the most tokens that will follow. */
  static start(graphs: Graphs, read: Begun[], room: number): Stepper {
    const stepper = new Stepper(graphs);
    const readers: Reader[] = [];
    const begun: Map<string, Value>[] = [];
    for (const { request, found } of read) {
      for (let row = 0; row < request.rows; row++) {
        begun.push(found);
        stepper.length.push(request.phonemeIds.length + request.promptCodes.length);
        stepper.position.push(request.promptCodes.length);
        if (graphs.manifest.decoding.reading) {
          readers.push({
            window: floatsOf(found, "window"), last: request.phonemeIds.length - 1,
            place: spokenOf(request).at(-1) ?? 0, waited: 0,
          });
        }
      }
    }
    const slots = Math.max(...stepper.length) + Math.min(room, SPARE_SLOTS);
    stepper.cache = stepper.names.map((name) =>
      Buffer.filled(graphs, begun.map((found) => found.get(name)!), slots));
    if (readers.length) {
      stepper.head = new Head(graphs.manifest.decoding, begun[0]!.get("window")!.dims[2]!, readers);
    }
    stepper.take(begun.map((found) => floatsOf(found, "outputs")));
    return stepper;
  }

  private take(outputs: Float32Array[]): void {
    const { head } = this;
    this.logits = head ? outputs.map((own, row) => head.codes(own, row)) : outputs;
  }

  /** Takes the rows' new tokens; `logits` are then those of the next. */
  async step(codes: number[]): Promise<void> {
    if (Math.max(...this.length) === this.cache[0]!.slots) {
      for (const buffer of this.cache) buffer.grow(SPARE_SLOTS);
    }
    const count = codes.length;
    const feeds: Feeds = {
      codes: longs(codes, count), position: longs(this.position, count), length: longs(this.length, count),
    };
    if (this.head) {
      const seen = this.head.seen();
      feeds["seen"] = floats(seen, count, seen.length / count);
    }
    this.names.forEach((name, i) => {
      const { data, rows, heads, slots, width } = this.cache[i]!;
      feeds[`past_${name}`] = floats(data, rows, heads, slots, width);
    });
    const found = await this.graphs.run("step_fixed", feeds);
    this.names.forEach((name, i) => this.cache[i]!.put(floatsOf(found, `new_${name}`), this.length));
    this.length = this.length.map((x) => x + 1);
    this.position = this.position.map((x) => x + 1);
    const outputs = floatsOf(found, "outputs");
    const size = outputs.length / count;
    const rows = codes.map((_, row) => outputs.subarray(row * size, (row + 1) * size));
    this.head?.follow(rows);
    this.take(rows);
  }

  /** Goes on with these rows only. */
  keep(rows: number[]): void {
    for (const buffer of this.cache) buffer.keep(rows);
    this.head?.keep(rows);
    this.length = rows.map((row) => this.length[row]!);
    this.position = rows.map((row) => this.position[row]!);
  }

  /** Gives the cache's memory back; no step follows. */
  close(): void {
    for (const buffer of this.cache) buffer.close();
    this.cache = [];
  }
}
