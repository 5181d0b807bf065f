// Pronunciation of unknown English words: a joint n-gram model over letter-phoneme chunks;
// the search of voice/text/g2p/en_model.py (Bisani & Ney 2008).

import type { Tensors } from "../../core/safetensors";

const STEP = 1 / 14;
const OFFSET = 32;
const BEAM = 24;
const [BEGIN, END] = [0, 1];

interface Hypothesis {
  score: number;
  node: number;
  phones: string;
}

export class Graphones {
  private readonly pieces = new Map<string, [number, string][]>();
  private readonly first: Int32Array;
  private readonly token: Int32Array;
  private readonly suffix: Int32Array;
  private readonly probability: Float64Array;
  private readonly backoff: Float64Array;

  constructor(tensors: Tensors) {
    const sizes = Array.from(tensors.longs("sizes"));
    const tokens = tensors.shorts("token");
    const children = tensors.shorts("children");
    const count = tokens.length + 1;
    this.token = new Int32Array(count);
    this.token.set(tokens, 1);
    this.first = new Int32Array(count + 1);
    this.first[0] = 1;
    this.first[1] = 1 + sizes[0]!;
    for (let i = 1; i < count; i++) this.first[i + 1] = this.first[i]! + children[i - 1]!;
    this.suffix = this.suffixes(sizes);
    const [p, b] = [tensors.bytes("probability"), tensors.bytes("backoff")];
    this.probability = new Float64Array(count);
    this.backoff = new Float64Array(count);
    for (let i = 1; i < count; i++) {
      this.probability[i] = p[i - 1]! * -STEP;
      this.backoff[i] = (b[i - 1]! - OFFSET) * -STEP;
    }
    new TextDecoder().decode(tensors.bytes("graphones")).split("\n").forEach((line, i) => {
      const [letters = "", phones = ""] = line.split(":");
      const own = this.pieces.get(letters) ?? [];
      own.push([i + 2, phones]);
      this.pieces.set(letters, own);
    });
  }

  /** Node without the first token, level by level: child of the parent's suffix by one token. */
  private suffixes(sizes: number[]): Int32Array {
    const suffix = new Int32Array(this.token.length);
    const last = this.token.length - sizes.at(-1)!;
    for (let parent = 1; parent < last; parent++) {
      const end = this.first[parent + 1]!;
      for (let child = this.first[parent]!; child < end; child++) {
        suffix[child] = this.child(suffix[parent]!, this.token[child]!);
      }
    }
    return suffix;
  }

  private child(node: number, token: number): number {
    let low = this.first[node]!;
    let high = this.first[node + 1]!;
    const end = high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.token[middle]! < token) low = middle + 1;
      else high = middle;
    }
    return low < end && this.token[low] === token ? low : 0;
  }

  /** Log probability of `token` after context `from`, and the context then. */
  private step(from: number, token: number): [number, number] {
    let total = 0;
    for (let node = from; ; node = this.suffix[node]!) {
      const child = this.child(node, token);
      if (child) return [total + this.probability[child]!, this.context(child)];
      if (node === 0) return [total - 25, 0];
      total += this.backoff[node]!;
    }
  }

  private context(child: number): number {
    let node = child;
    while (node && this.first[node] === this.first[node + 1]) node = this.suffix[node]!;
    return node;
  }

  /** Symbols of a lower-case word of the letters a to z; empty where none of it can be read. */
  predict(word: string): string[] {
    const beams: Hypothesis[][] = Array.from({ length: word.length + 1 }, () => []);
    beams[0] = [{ score: 0, node: this.step(0, BEGIN)[1], phones: "" }];
    for (let i = 0; i < word.length; i++) {
      const kept = best(beams[i]!);
      for (let size = 1; size <= 2 && i + size <= word.length; size++) {
        for (const [token, phones] of this.pieces.get(word.slice(i, i + size)) ?? []) {
          for (const from of kept) {
            const [gain, node] = this.step(from.node, token);
            const spoken = phones ? (from.phones ? `${from.phones} ${phones}` : phones) : from.phones;
            beams[i + size]!.push({ score: from.score + gain, node, phones: spoken });
          }
        }
      }
      beams[i] = [];
    }
    let found: Hypothesis | null = null;
    for (const h of best(beams[word.length]!)) {
      const score = h.score + this.step(h.node, END)[0];
      if (!found || score > found.score) found = { ...h, score };
    }
    return found?.phones ? found.phones.split(" ") : [];
  }
}

/** The likeliest hypotheses, one for each context and pronunciation. */
function best(beam: Hypothesis[]): Hypothesis[] {
  beam.sort((a, b) => b.score - a.score);
  const seen = new Set<string>();
  const out: Hypothesis[] = [];
  for (const h of beam) {
    const key = `${h.node} ${h.phones}`;
    if (seen.has(key)) continue;
    seen.add(key);
    if (out.push(h) === BEAM) break;
  }
  return out;
}
