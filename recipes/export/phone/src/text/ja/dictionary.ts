// A MeCab dictionary as text: words in the order of their spelling, found by bisection; what has no
// word, by the class of its characters.

import type { ReadFile } from "../speakers";

export interface Entry {
  spelling: string;
  left: number;
  right: number;
  cost: number;
  /** Part of speech, three finer ones, inflection type and form. */
  tag: string[];
  base: string;
  reading: string;
  pronunciation: string;
  accent: string;
  rule: string;
}

interface CharacterClass {
  kinds: number;
  name: string;
  length: number;
  group: boolean;
  invoke: boolean;
}

const TAB = 9;
const NEWLINE = 10;
const LONGEST_GROUP = 24;

export class Dictionary {
  private readonly starts: Int32Array;
  private readonly known = new Map<number, Entry>();

  private constructor(
    private readonly words: Uint8Array, private readonly tags: string[][],
    private readonly unknown: Map<string, Entry[]>, private readonly costs: Int16Array,
    private readonly rights: number, private readonly classes: string[],
    private readonly characters: Uint32Array,
  ) {
    let count = 0;
    for (const byte of words) if (byte === NEWLINE) count++;
    this.starts = new Int32Array(count + 1);
    let line = 0;
    for (let i = 0; i < words.length; i++) if (words[i] === NEWLINE) this.starts[++line] = i + 1;
  }

  static async open(read: ReadFile): Promise<Dictionary> {
    const text = async (name: string) => new TextDecoder().decode(await read(`text/ja/${name}`));
    const tags = (await text("tags.txt.gz")).split("\n").map((line) => line.split(","));
    const matrix = await read("text/ja/matrix.bin.gz");
    const sizes = new Uint16Array(matrix.slice(0, 4).buffer);
    const costs = new Int16Array(matrix.slice(4).buffer);
    const raw = await read("text/ja/char.bin.gz");
    const count = new Uint32Array(raw.slice(0, 4).buffer)[0]!;
    const classes = Array.from({ length: count }, (_, i) => {
      const name = raw.subarray(4 + 32 * i, 4 + 32 * (i + 1));
      return new TextDecoder().decode(name.subarray(0, name.indexOf(0)));
    });
    const characters = new Uint32Array(raw.slice(4 + 32 * count).buffer);
    const unknown = new Map<string, Entry[]>();
    for (const line of (await text("unknown.txt.gz")).split("\n").filter(Boolean)) {
      const entry = entryOf(line, tags);
      unknown.set(entry.spelling, [...(unknown.get(entry.spelling) ?? []), entry]);
    }
    const words = await read("text/ja/words.txt.gz");
    return new Dictionary(words, tags, unknown, costs, sizes[0]!, classes, characters);
  }

  /** What it costs that `next` follows `before`. */
  connection(before: number, next: number): number {
    return this.costs[before + this.rights * next]!;
  }

  /** The words that begin at a place of a text, and what stands for those that are missing. */
  at(text: string, place: number): { entry: Entry; end: number; known: boolean }[] {
    const found: { entry: Entry; end: number; known: boolean }[] = [];
    for (const [line, end] of this.prefixes(text, place)) found.push({ entry: this.entry(line), end, known: true });
    const own = this.classOf(text, place);
    if (found.length && !own.invoke) return found;
    const add = (end: number) => {
      for (const entry of this.unknown.get(own.name) ?? []) found.push({ entry, end, known: false });
    };
    let group = 0;
    if (own.group) {
      let end = place + 1;
      let kinds = own.kinds;
      while (end < text.length && this.classOf(text, end).kinds & kinds) kinds = this.classOf(text, end++).kinds;
      if (end - place - 1 <= LONGEST_GROUP) add(end);
      group = end;
    }
    let end = place + 1;
    for (let i = 1; i <= own.length && end <= text.length; i++) {
      if (end !== group) add(end);
      if (end >= text.length || !(this.classOf(text, end).kinds & own.kinds)) break;
      end++;
    }
    if (!found.length) add(place + 1);
    return found;
  }

  /** The words with this spelling. */
  spelled(text: string): Entry[] {
    const found: Entry[] = [];
    for (const [line, end] of this.prefixes(text, 0)) if (end === text.length) found.push(this.entry(line));
    return found;
  }

  private classOf(text: string, place: number): CharacterClass {
    const info = this.characters[text.charCodeAt(place)] ?? 0;
    return {
      kinds: info & 0x3ffff, name: this.classes[(info >>> 18) & 0xff] ?? "DEFAULT",
      length: (info >>> 26) & 0xf, group: Boolean((info >>> 30) & 1), invoke: Boolean(info >>> 31),
    };
  }

  /** Lines whose spelling is a prefix of the text from `place`, each with where it ends. */
  private *prefixes(text: string, place: number): Generator<[line: number, end: number]> {
    const encoder = new TextEncoder();
    let [low, high] = [0, this.starts.length - 1];
    let key = new Uint8Array(0);
    for (let end = place + 1; end <= text.length && low < high; end++) {
      const more = encoder.encode(text[end - 1]);
      const longer = new Uint8Array(key.length + more.length);
      longer.set(key);
      longer.set(more, key.length);
      key = longer;
      low = this.bisect(key, low, high, false);
      high = this.bisect(key, low, high, true);
      for (let line = low; line < high && this.words[this.starts[line]! + key.length] === TAB; line++) {
        yield [line, end];
      }
    }
  }

  /** The first line at or behind `key`; or, `beyond`, behind all that begin with it. */
  private bisect(key: Uint8Array, from: number, to: number, beyond: boolean): number {
    let [low, high] = [from, to];
    while (low < high) {
      const middle = (low + high) >> 1;
      const start = this.starts[middle]!;
      let order = 0;
      for (let i = 0; i < key.length && !order; i++) {
        const byte = this.words[start + i]!;
        order = byte === TAB ? -1 : byte - key[i]!;
      }
      if (order < 0 || (beyond && order === 0)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private entry(line: number): Entry {
    let found = this.known.get(line);
    if (!found) {
      const text = new TextDecoder().decode(this.words.subarray(this.starts[line], this.starts[line + 1]! - 1));
      found = entryOf(text, this.tags);
      if (this.known.size > 20_000) this.known.clear();
      this.known.set(line, found);
    }
    return found;
  }
}

function entryOf(line: string, tags: string[][]): Entry {
  const [spelling = "", left, right, cost, tag, base = "", reading = "", spoken = "", accent = "", rule = ""] =
    line.split("\t");
  return {
    spelling, left: Number(left), right: Number(right), cost: Number(cost), tag: tags[Number(tag)] ?? [],
    base: base || spelling, reading, pronunciation: spoken || reading, accent, rule,
  };
}

export interface Found {
  surface: string;
  entry: Entry;
  known: boolean;
}

/** The cheapest way to cut a text into words (Viterbi). */
export function cut(dictionary: Dictionary, text: string): Found[] {
  interface Node extends Found {
    cost: number;
    before: Node | null;
  }
  const ends: Node[][] = Array.from({ length: text.length + 1 }, () => []);
  const best = (place: number, left: number): [number, Node | null] => {
    if (place === 0) return [dictionary.connection(0, left), null];
    let found: [number, Node | null] = [Infinity, null];
    // Of equals the one that begins last counts, as MeCab has it.
    for (let i = ends[place]!.length - 1; i >= 0; i--) {
      const node = ends[place]![i]!;
      const cost = node.cost + dictionary.connection(node.entry.right, left);
      if (cost < found[0]) found = [cost, node];
    }
    return found;
  };
  for (let place = 0; place < text.length; place++) {
    if (place > 0 && !ends[place]!.length) continue;
    // Of words with the same place and costs the first of the dictionary counts.
    for (const { entry, end, known } of dictionary.at(text, place).reverse()) {
      const [cost, before] = best(place, entry.left);
      ends[end]!.push({ surface: text.slice(place, end), entry, known, cost: cost + entry.cost, before });
    }
  }
  const out: Found[] = [];
  for (let node = best(text.length, 0)[1]; node; node = node.before) out.unshift(node);
  return out;
}
