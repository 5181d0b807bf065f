// Mandarin to phonemes: words, phrase readings, tone sandhi; the rules of voice/text/g2p/zh.py.

import { rx } from "../rx";
import { splitSyllable, type Syllable } from "./pinyin";
import { applySandhi, type NeutralLists, type Word } from "./sandhi";
import type { WordFinder } from "./words";

const PIECE = /[^!?…,.\-]*[!?…,.\-]|[^!?…,.\-]+/gu;

export interface ReadingRules {
  tagged: Record<string, string>;
  single: Record<string, string>;
  patterns: [string, string][];
}

export class MandarinSounds {
  private readonly characters = new Map<string, string>();
  /** Readings of phrases; null for the start of a phrase that is none. */
  private readonly phrases = new Map<string, string | null>();
  private readonly patterns: [RegExp, string][];

  constructor(
    private readonly words: WordFinder, characters: string, phrases: string,
    private readonly lists: NeutralLists, private readonly rules: ReadingRules,
  ) {
    for (const line of characters.split("\n")) {
      const [ch, reading] = line.split("\t");
      if (ch && reading) this.characters.set(ch, reading);
    }
    for (const line of phrases.split("\n")) {
      const [phrase = "", readings = ""] = line.split("\t");
      if (!phrase) continue;
      this.phrases.set(phrase, readings);
      const own = Array.from(phrase);
      for (let end = 1; end < own.length; end++) {
        const head = own.slice(0, end).join("");
        if (!this.phrases.has(head)) this.phrases.set(head, null);
      }
    }
    this.patterns = rules.patterns.map(([pattern, reading]) => [rx(pattern, "gd"), reading]);
  }

  hasReading(ch: string): boolean {
    return this.characters.has(ch);
  }

  /** Symbols of a normalised text; `given` has readings by character, from the user. */
  phonemes(text: string, given: ReadonlyMap<number, string>): string[] {
    const out: string[] = [];
    let at = 0;
    for (const [piece] of text.matchAll(PIECE)) {
      const size = Array.from(piece).length;
      const fixed = new Map<number, string>();
      for (const [i, reading] of given) if (i >= at && i < at + size) fixed.set(i - at, reading);
      this.piece(piece, fixed, out);
      at += size;
    }
    return out;
  }

  private piece(piece: string, fixed: ReadonlyMap<number, string>, out: string[]): void {
    const body = piece.replace(/[!?…,.\-]+$/u, "");
    const tagged = body ? this.words.cut(body) : [];
    const chosen = new Map([...this.byPattern(body), ...fixed]);
    const characters = Array.from(body);
    const readings = tagged.flatMap(([word, tag]) => this.own(word, tag));
    const syllables = characters.map((ch, i) => this.syllable(ch, chosen.get(i) ?? readings[i] ?? ""));
    let at = 0;
    const words = tagged.map(([word, tag]): Word => {
      const own = Array.from(word);
      const tones = syllables.slice(at, at + own.length).map((s) => s.tone);
      at += own.length;
      return { characters: own, tag, tones };
    });
    const spoken = applySandhi(words, (word) => this.words.parts(word), this.lists);
    syllables.forEach((s, i) => {
      out.push(s.initial, `${s.final}${fixed.has(i) ? s.tone : spoken[i]}`);
    });
    out.push(...piece.slice(body.length));
  }

  /** Readings of a word; of words of one character, where the usual one is seldom meant, another. */
  private own(word: string, tag: string): string[] {
    const characters = Array.from(word);
    const readings = this.read(characters);
    if (characters.length !== 1) return readings;
    return [this.rules.tagged[`${word}/${tag.slice(0, 1)}`] ?? this.rules.single[word] ?? readings[0]!];
  }

  /** Readings by the longest phrases from the left. */
  private read(characters: string[]): string[] {
    const out: string[] = [];
    for (let at = 0; at < characters.length;) {
      let end = at + 1;
      let found: string | null = null;
      for (let stop = at + 1; stop <= characters.length; stop++) {
        const entry = this.phrases.get(characters.slice(at, stop).join(""));
        if (entry === undefined) break;
        if (entry !== null) [end, found] = [stop, entry];
      }
      const own = characters.slice(at, end);
      out.push(...(found ? found.split(" ") : own.map((ch) => this.characters.get(ch) ?? ch)));
      at = end;
    }
    return out;
  }

  /** Readings of characters by their neighbours. */
  private byPattern(body: string): Map<number, string> {
    const out = new Map<number, string>();
    for (const [pattern, reading] of this.patterns) {
      for (const match of body.matchAll(pattern)) {
        // The last group that took part is the character whose reading is meant.
        const start = match.indices?.findLast((span) => span !== undefined)?.[0] ?? match.index;
        out.set(Array.from(body.slice(0, start)).length, reading);
      }
    }
    return out;
  }

  private syllable(ch: string, reading: string): Syllable {
    return splitSyllable(reading) ?? splitSyllable(this.characters.get(ch) ?? "") ??
      { initial: "EE", final: "en", tone: 5 };
  }
}
