// The language model in the middle of a text: cache, positions, and where each row reads;
// `Stepper` and `Head` of voice/export/decoding.py.
// Axes: B rows, P phonemes, Q prompt codes, S cache slots, H heads, E head width, D width.

import type { Decoding } from "../core/manifest";
import { floats, floatsOf, longs, type Feeds, type Graphs } from "./graphs";
import { argmax } from "./sampling";

const SPARE_SLOTS = 32;
const NEVER = -1e4;

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

  static filled(
    graphs: Graphs, written: Float32Array, dims: number[], rows: number, free: number,
  ): Buffer {
    const [, heads = 0, used = 0, width = 0] = dims;
    const slots = used + free;
    const made = new Buffer(graphs, graphs.room(rows * heads * slots * width), rows, heads, slots, width);
    for (let row = 0; row < rows; row++) {
      for (let head = 0; head < heads; head++) {
        const from = head * used * width;
        made.data.set(written.subarray(from, from + used * width), (row * heads + head) * slots * width);
      }
    }
    return made;
  }

  put(added: Float32Array, slot: number): void {
    for (let i = 0; i < this.rows * this.heads; i++) {
      const from = i * this.width;
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

/** Where each row reads; see voice/nn/reading.py. */
class Head {
  private waited: number[];

  constructor(
    private readonly numbers: Decoding, private readonly window: Float32Array,
    private readonly width: number, private place: number[], private readonly last: number,
  ) {
    this.waited = place.map(() => 0);
  }

  seen(): Float32Array {
    const out = new Float32Array(this.place.length * this.width);
    this.place.forEach((p, i) =>
      out.set(this.window.subarray(p * this.width, (p + 1) * this.width), i * this.width));
    return out;
  }

  /** Logits of the codes out of a row's outputs. */
  codes(outputs: Float32Array, row: number): Float32Array {
    const end = this.numbers.codes;
    const rules = this.numbers.reading!;
    const logits = outputs.slice(0, end + 1);
    if (this.place[row]! < this.last - rules.near_end) logits[end] = NEVER;
    if (this.waited[row]! >= rules.patience) logits[end] = -NEVER;
    return logits;
  }

  follow(outputs: Float32Array[]): void {
    const end = this.numbers.codes;
    outputs.forEach((own, row) => {
      const move = this.numbers.reading!.moves[argmax(own.subarray(end + 1))]!;
      const place = Math.min(Math.max(this.place[row]! + move, 0), this.last);
      this.place[row] = place;
      this.waited[row] = place >= this.last ? this.waited[row]! + 1 : 0;
    });
  }

  keep(rows: number[]): void {
    this.place = rows.map((row) => this.place[row]!);
    this.waited = rows.map((row) => this.waited[row]!);
  }
}

export class Stepper {
  logits: Float32Array[] = [];
  private length = 0;
  private position = 0;
  private rows: number;
  private cache: Buffer[] = [];
  private head: Head | null = null;
  private readonly names: string[];

  private constructor(private readonly graphs: Graphs, request: TokenRequest) {
    this.rows = request.rows;
    this.names = [];
    for (let i = 0; i < graphs.manifest.decoding.layers; i++) this.names.push(`key_${i}`, `value_${i}`);
  }

  /** Reads the text and the prompt; `room` is the most tokens that will follow. */
  static async start(graphs: Graphs, request: TokenRequest, room: number): Promise<Stepper> {
    const stepper = new Stepper(graphs, request);
    await stepper.prefill(request, room);
    return stepper;
  }

  private async prefill(request: TokenRequest, room: number): Promise<void> {
    const numbers = this.graphs.manifest.decoding;
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
    const found = await this.graphs.run("prefill", feeds);
    const outputs = floatsOf(found, "outputs");
    const free = Math.min(room, SPARE_SLOTS);
    this.cache = this.names.map((name) =>
      Buffer.filled(this.graphs, floatsOf(found, name), found.get(name)!.dims, this.rows, free));
    this.length = phonemeIds.length + promptCodes.length;
    this.position = promptCodes.length;
    if (numbers.reading) {
      const place = Array<number>(this.rows).fill(spoken.at(-1) ?? 0);
      this.head = new Head(numbers, floatsOf(found, "window"), found.get("window")!.dims[2]!, place,
        phonemeIds.length - 1);
    }
    this.take(Array.from({ length: this.rows }, () => outputs));
  }

  private take(outputs: Float32Array[]): void {
    const { head } = this;
    this.logits = head ? outputs.map((own, row) => head.codes(own, row)) : outputs;
  }

  /** Takes the rows' new tokens; `logits` are then those of the next. */
  async step(codes: number[]): Promise<void> {
    if (this.length === this.cache[0]!.slots) for (const buffer of this.cache) buffer.grow(SPARE_SLOTS);
    const feeds: Feeds = {
      codes: longs(codes, this.rows), position: longs(codes.map(() => this.position), this.rows),
      length: longs([this.length], 1),
    };
    if (this.head) {
      const seen = this.head.seen();
      feeds["seen"] = floats(seen, this.rows, seen.length / this.rows);
    }
    this.names.forEach((name, i) => {
      const { data, rows, heads, slots, width } = this.cache[i]!;
      feeds[`past_${name}`] = floats(data, rows, heads, slots, width);
    });
    const found = await this.graphs.run("step_fixed", feeds);
    this.names.forEach((name, i) => this.cache[i]!.put(floatsOf(found, `new_${name}`), this.length));
    this.length++;
    this.position++;
    const outputs = floatsOf(found, "outputs");
    const size = outputs.length / this.rows;
    const rows = codes.map((_, row) => outputs.subarray(row * size, (row + 1) * size));
    this.head?.follow(rows);
    this.take(rows);
  }

  /** Goes on with these rows only. */
  keep(rows: number[]): void {
    for (const buffer of this.cache) buffer.keep(rows);
    this.head?.keep(rows);
    this.rows = rows.length;
  }

  /** Gives the cache's memory back; no step follows. */
  close(): void {
    for (const buffer of this.cache) buffer.close();
    this.cache = [];
  }
}
