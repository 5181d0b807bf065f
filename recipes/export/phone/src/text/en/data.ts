// What the bundle holds for English: dictionary, word lists, homographs, the model for other words.

import type { Graphones } from "./model";

export interface EnglishWords {
  acronym_words: string[];
  spelled: string[];
  short_words: string[];
  titles: Record<string, string>;
  abbreviations: Record<string, string>;
  before_number: Record<string, string>;
  units: Record<string, [string, string]>;
  currencies: Record<string, [string, string, string, string]>;
  signs: Record<string, string>;
  greek: Record<string, string>;
  letters: Record<string, string>;
  months: string[];
}

export interface Homographs {
  verb_or_noun: Record<string, [string, string]>;
  extra: Record<string, string>;
  [word: string]: unknown;
}

export class EnglishData {
  readonly dictionary = new Map<string, string>();
  readonly acronyms: Set<string>;
  readonly spelled: Set<string>;
  readonly short: Set<string>;

  constructor(
    lines: string, readonly homographs: Homographs, readonly words: EnglishWords,
    readonly model: Graphones,
  ) {
    for (let at = 0; at < lines.length;) {
      const end = lines.indexOf("\n", at);
      const stop = end < 0 ? lines.length : end;
      const space = lines.indexOf(" ", at);
      this.dictionary.set(lines.slice(at, space), lines.slice(space + 1, stop));
      at = stop + 1;
    }
    for (const [word, sounds] of Object.entries(homographs.extra)) this.dictionary.set(word, sounds);
    this.acronyms = new Set(words.acronym_words);
    this.spelled = new Set(words.spelled);
    this.short = new Set(words.short_words);
  }

  /** Whether the dictionary has a word with a hyphen as one. */
  isCompound(text: string): boolean {
    return text.includes("-") && this.dictionary.has(text.toLowerCase());
  }
}
