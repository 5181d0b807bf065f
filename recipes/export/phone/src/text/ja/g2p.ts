// Japanese to phonemes with pitch marks, as voice/text/g2p/ja.py writes them: `[` the pitch rises,
// `]` it falls, UNK is the border of an accent phrase.

import { cut, type Dictionary } from "./dictionary";
import { morae, phonemesOf } from "./kana";
import type { NumberTables } from "./numbers";
import { accentPhrases } from "./phrases";
import { reread, what, type ReadingTables } from "./readings";
import { settle, wordsOf, type Word } from "./words";

const BORDER = "UNK";
const PIECE = /([!?…,.\-「]+)/u;

export class JapaneseSounds {
  constructor(
    private readonly dictionary: Dictionary, private readonly numbers: NumberTables,
    private readonly readings: ReadingTables,
  ) {}

  /** Symbols of a normalised text. */
  phonemes(text: string): string[] {
    const out: string[] = [];
    for (const piece of text.split(PIECE)) {
      if (!piece.trim()) continue;
      if (/^[!?…,.\-「]/u.test(piece)) out.push(piece[0] === "「" ? BORDER : piece[0]!);
      else out.push(...this.clause(piece));
    }
    return out;
  }

  /** One clause without punctuation. */
  private clause(text: string): string[] {
    const plain = text.replace(/^ー+/u, "");
    const words = wordsOf(cut(this.dictionary, fullWidth(plain)), this.numbers);
    settle(words);
    what(words, this.readings);
    reread(words, this.readings, this.dictionary);
    const out: string[] = [];
    for (const phrase of accentPhrases(words)) {
      const sounds = sounded(phrase);
      if (!sounds.length) {
        if (out.length && out.at(-1) !== ",") out.push(",");
        continue;
      }
      if (out.length && out.at(-1) !== ",") out.push(BORDER);
      out.push(...sounds);
    }
    while ([",", BORDER].includes(out.at(-1) ?? "")) out.pop();
    while ([",", BORDER].includes(out[0] ?? "")) out.shift();
    return out;
  }
}

/** Phonemes of a phrase, with its rise behind the first mora and its fall. */
function sounded(phrase: Word[]): string[] {
  const all = phrase.flatMap((word) => morae(word.pronunciation));
  const fall = phrase[0]!.accent;
  const out: string[] = [];
  let vowel = "";
  all.forEach((mora, i) => {
    const own = phonemesOf(mora, vowel);
    vowel = own.at(-1) ?? vowel;
    out.push(...own);
    if (i + 1 === all.length) return;
    if (i + 1 === fall) out.push("]");
    else if (i === 0) out.push("[");
  });
  return out;
}

/** A text as the dictionary spells it: letters, digits and marks in full width. */
function fullWidth(text: string): string {
  return text.replace(/[!-~]/g, (ch) => String.fromCharCode(ch.charCodeAt(0) + 0xfee0));
}
