// Pronunciations given inside the text: {重:chong2}, {GIF:JH IH1 F}, {今日:きょう}.
// Each becomes one placeholder of the private use area; the rules of voice/text/inline.py.

import { AppError } from "../errors";
import { SCRIPTS, type Language } from "./language";
import { splitSyllable } from "./zh/pinyin";

const FIRST = 0xe000;
const LAST = 0xf8ff;
const NOTATION = /\{\s*([^{}:\n]+?):(?! )([^{}\n]*)\}/gu;
const ARPABET = new RegExp(
  "^(?:(?:AA|AE|AH|AO|AW|AY|EH|ER|EY|IH|IY|OW|OY|UH|UW)[012]|" +
  "B|CH|D|DH|F|G|HH|JH|K|L|M|N|NG|P|R|S|SH|T|TH|V|W|Y|Z|ZH)$");
const KANA = /^[\u3041-\u3096\u30a1-\u30fa\u30fc]+$/;

export interface Given {
  text: string;
  language: Language;
  sounds: string[];
}

export class Marked {
  constructor(public text: string, readonly given: Map<string, Given>) {}

  /** `text` with the placeholders as they were written. */
  plain(text: string): string {
    return Array.from(text, (ch) => this.given.get(ch)?.text ?? ch).join("");
  }

  /** `text` as it was written, and the given syllable of each character by its place. */
  spelled(text: string): [string, Map<number, string>] {
    const plain: string[] = [];
    const given = new Map<number, string>();
    for (const ch of text) {
      const found = this.given.get(ch);
      Array.from(found?.text ?? ch).forEach((own, i) => {
        if (found) given.set(plain.length, found.sounds[i]!);
        plain.push(own);
      });
    }
    return [plain.join(""), given];
  }
}

/** Replaces inline pronunciations by placeholders. */
export function mark(text: string): Marked {
  const given = new Map<string, Given>();
  const out = text.replace(NOTATION, (_, written: string, sounds: string) => {
    if (FIRST + given.size > LAST) throw new AppError("bad-inline", "too many");
    const placeholder = String.fromCharCode(FIRST + given.size);
    given.set(placeholder, read(written.trim(), sounds.trim()));
    return placeholder;
  });
  return new Marked(out, given);
}

function read(text: string, sounds: string): Given {
  const parts = sounds.split(/\s+/u).filter(Boolean);
  if (parts.length && parts.every((p) => ARPABET.test(p))) {
    return { text, language: "en", sounds: parts };
  }
  if (parts.length && parts.every((p) => KANA.test(p))) {
    return { text, language: "ja", sounds: [parts.join("")] };
  }
  if (parts.length && parts.every((p) => /^[a-zü:]+[1-6]$/.test(p))) {
    const characters = Array.from(text);
    const fits = characters.length === parts.length &&
      characters.every((ch) => SCRIPTS.han.test(ch)) && parts.every((p) => splitSyllable(p));
    if (fits) return { text, language: "zh", sounds: parts };
  }
  throw new AppError("bad-inline", `{${text}:${sounds}}`);
}
