// English to ARPAbet with stress: dictionary, homographs by context, a model for the rest;
// the rules of voice/text/g2p/en.py.

import type { EnglishData } from "./data";
import { choose } from "./homographs";

const TOKEN = /[a-z]+(?:-[a-z]+)+|[a-z]+(?:'[a-z]+)*'?|[!?…,.\-]|[\ue000-\uf8ff]/giu;
const VOICELESS = new Set(["P", "T", "K", "F", "TH"]);
const SIBILANT = new Set(["S", "Z", "SH", "ZH", "CH", "JH"]);
const TENS = new Set("twenty thirty forty fifty sixty seventy eighty ninety".split(" "));
const AFTER_LETTER = new Set("is was and or as has stands means".split(" "));
const BEFORE_LETTER = new Set(("plan vitamin grade type group option class section part hepatitis " +
  "team point size level appendix series letter").split(" "));
const LETTERS: Record<string, string> = {
  a: "EY1", b: "B IY1", c: "S IY1", d: "D IY1", e: "IY1", f: "EH1 F", g: "JH IY1", h: "EY1 CH",
  i: "AY1", j: "JH EY1", k: "K EY1", l: "EH1 L", m: "EH1 M", n: "EH1 N", o: "OW1", p: "P IY1",
  q: "K Y UW1", r: "AA1 R", s: "EH1 S", t: "T IY1", u: "Y UW1", v: "V IY1",
  w: "D AH1 B AH0 L Y UW0", x: "EH1 K S", y: "W AY1", z: "Z IY1",
};

export class EnglishSounds {
  private readonly known = new Map<string, string[]>();

  constructor(private readonly data: EnglishData) {}

  /** Symbols of a normalised text; `given` has those of placeholders. */
  phonemes(text: string, given: ReadonlyMap<string, string[]>): string[] {
    const tokens = this.tokens(text);
    return tokens.flatMap((token, i) => {
      const own = given.get(token);
      if (own) return own;
      if (token === "A" || token === "a") return isLetterName(tokens, i) ? ["EY1"] : ["AH0"];
      if (!/^\p{L}/u.test(token)) return [token];
      const chosen = choose(tokens, i, this.data);
      return chosen.length ? chosen : this.word(token);
    });
  }

  /** Words and marks; compounds of the dictionary are one word. */
  private tokens(text: string): string[] {
    const out: string[] = [];
    for (const [token] of text.matchAll(TOKEN)) {
      const last = out.at(-1);
      if (token.includes("-") && token.length > 1 && !this.data.isCompound(token)) {
        out.push(...token.split("-"));
      } else if (last && TENS.has(last.toLowerCase()) && this.data.isCompound(`${last}-${token}`)) {
        out[out.length - 1] = `${last}-${token}`;
      } else {
        out.push(token);
      }
    }
    return out;
  }

  private word(text: string): string[] {
    if (text.length === 1) return LETTERS[text.toLowerCase()]!.split(" ");
    return this.lower(text.toLowerCase());
  }

  private lower(text: string): string[] {
    let found = this.known.get(text);
    if (!found) {
      found = this.find(text);
      this.known.set(text, found);
    }
    return found;
  }

  private find(text: string): string[] {
    const known = this.data.dictionary.get(text);
    if (known) return known.split(" ");
    if (text.endsWith("'s")) {
      const stem = this.orLetter(text.slice(0, -2));
      return [...stem, ...plural(stem)];
    }
    if (text.endsWith("'")) return this.orLetter(text.slice(0, -1));
    if (text.includes("'")) {
      return text.split("'").filter(Boolean).flatMap((part) => this.orLetter(part));
    }
    if (!/[aeiouy]/.test(text)) return spelled(text);
    for (const made of [this.derived(text), this.compound(text), this.data.model.predict(text)]) {
      if (made.length) return made;
    }
    return spelled(text);
  }

  private orLetter(text: string): string[] {
    return text.length === 1 ? spelled(text) : this.lower(text);
  }

  /** Plurals of dictionary words. */
  private derived(text: string): string[] {
    if (!text.endsWith("s") || text.endsWith("ss")) return [];
    for (const stem of [text.slice(0, -1), text.endsWith("es") ? text.slice(0, -2) : ""]) {
      const known = stem.length > 2 ? this.data.dictionary.get(stem) : undefined;
      if (known) {
        const symbols = known.split(" ");
        return [...symbols, ...plural(symbols)];
      }
    }
    return [];
  }

  /** Two dictionary words written as one (both of four letters or more). */
  private compound(text: string): string[] {
    for (let cut = text.length - 4; cut > 3; cut--) {
      const left = this.data.dictionary.get(text.slice(0, cut));
      const right = this.data.dictionary.get(text.slice(cut));
      if (left && right) return [...left.split(" "), ...right.replaceAll("1", "2").split(" ")];
    }
    return [];
  }
}

function spelled(text: string): string[] {
  return Array.from(text).flatMap((c) => LETTERS[c]!.split(" "));
}

function plural(stem: string[]): string[] {
  const last = stem.at(-1) ?? "";
  if (SIBILANT.has(last)) return ["IH0", "Z"];
  return VOICELESS.has(last) ? ["S"] : ["Z"];
}

/** Whether `A` is the letter's name rather than the article. */
function isLetterName(tokens: string[], at: number): boolean {
  if (tokens[at] === "a") return false;
  const before = at ? tokens[at - 1]! : ".";
  const after = tokens[at + 1] ?? ".";
  if (!/^\p{L}/u.test(after) || after.length === 1 || AFTER_LETTER.has(after.toLowerCase())) return true;
  return /^\p{L}/u.test(before) && (before.length === 1 || BEFORE_LETTER.has(before.toLowerCase()));
}
