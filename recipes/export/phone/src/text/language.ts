// Which language each run of a text is in, by script; the rules of voice/text/language.py.

import { isLetter } from "./clean";
import { ADDRESS } from "./en/spelling";
import { oneOf, rx } from "./rx";
import units from "./units.json";

export type Language = "en" | "zh" | "ja";
export interface Span {
  text: string;
  language: Language;
}

const CHINESE = new Set("你您她吗呢吧啊很谁哪么们这说");
const RATHER_CHINESE = new Set("我是");
const SENTENCE = /[^。！？!?\n]*[。！？!?\n]+|[^。！？!?\n]+/gu;
const UNIT_AFTER: Record<string, RegExp> = {
  zh: rx(`\\s?(?:${oneOf(Object.keys(units.zh))})(?![A-Za-z])`, "y"),
  ja: rx(`\\s?(?:${oneOf(Object.keys(units.ja))})(?![A-Za-z])`, "y"),
};
const NUMBER = rx("(?:US|HK)?[$€£¥₩#+\\-]?\\d[\\d.,:\\/\\-~–〜～+×÷=*%‰]*");
const NAMED_BY_NUMBER = /(?<![\w./@:+-])[A-Za-z]+-?(\d+(?:\.\d+)?)(?![\w./@-])/g;

/** T in Tシャツ and K in 4K, which have Japanese names. */
const JAPANESE_LETTERS = new RegExp(
  "(?<![A-Za-z@._/-])(?<![A-Za-z][ -])[A-Z]{1,3}(?=[\u30a1-\u30fa\u30fc])" +
  "|(?<=[0-9])[A-Z]{1,3}(?![A-Za-z@._/-]|[ -][A-Za-z])", "g");

/** Where something stands, counted in characters. */
type Stretch = [first: number, end: number];

export const SCRIPTS = {
  han: /[\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{3ffff}]/u,
  kana: /[\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff]/u,
  latin: /[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff\u0391-\u03a9\u03b1-\u03c9]/u,
  hangul: /[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]/u,
};

/** The language of a character by its script; empty for digits, marks and everything else. */
export function script(ch: string, han = "zh"): string {
  if (SCRIPTS.latin.test(ch)) return "en";
  if (SCRIPTS.han.test(ch)) return han;
  if (SCRIPTS.kana.test(ch)) return "ja";
  return SCRIPTS.hangul.test(ch) ? "ko" : "";
}

let inJapaneseUse: Set<string> | null = null;

/** Characters of JIS X 0208, which Japanese is written with. */
function japaneseCharacters(): Set<string> {
  if (inJapaneseUse) return inJapaneseUse;
  const decoder = new TextDecoder("shift_jis");
  inJapaneseUse = new Set();
  const leads: [number, number][] = [[0x81, 0x84], [0x88, 0x9f], [0xe0, 0xea]];
  for (const [low, high] of leads) {
    for (let lead = low; lead <= high; lead++) {
      for (let trail = 0x40; trail <= 0xfc; trail++) {
        if (trail === 0x7f || (lead === 0xea && trail > 0xa4)) continue;
        const text = decoder.decode(new Uint8Array([lead, trail]));
        if (text.length === 1 && text !== "\ufffd") inJapaneseUse.add(text);
      }
    }
  }
  return inJapaneseUse;
}

/** Whether Han characters are of a kind that Japanese does not use (or seldom without kana). */
export function looksChinese(text: string): boolean {
  const kana = SCRIPTS.kana.test(text);
  const known = japaneseCharacters();
  return Array.from(text).filter((ch) => SCRIPTS.han.test(ch)).some((ch) =>
    CHINESE.has(ch) || (!kana && RATHER_CHINESE.has(ch)) || !known.has(ch));
}

/** The language for the pieces of a long text, decided on the whole. */
export function settle(text: string, language = "auto"): string {
  if (language !== "auto" || !SCRIPTS.kana.test(text)) return language;
  return spans(text).some((s) => s.language === "zh") ? language : "ja";
}

/** Runs of one language; their texts joined are `text`. */
export function spans(
  text: string, language = "auto", placeholders: ReadonlyMap<string, string> = new Map(),
): Span[] {
  const either = language === "zh" || language === "ja" ? language : "zh";
  const base = language !== "auto" ? language : baseOf(text);
  const out: Span[] = [];
  const all = Array.from(text);
  const place = places(all);
  const addresses = Array.from(text.matchAll(ADDRESS),
    (m): Stretch => [place.get(m.index)!, place.get(m.index + m[0].length)!]);
  for (const [start, end] of sentences(all, addresses)) {
    const characters = all.slice(start, end);
    const inside = addresses.filter(([first]) => start <= first && first < end)
      .map(([first, last]): Stretch => [first - start, last - start]);
    const labels = labelsOf(characters, [language, either, base], placeholders, inside);
    characters.forEach((ch, i) => {
      const last = out.at(-1);
      if (last && last.language === labels[i]) last.text += ch;
      else out.push({ text: ch, language: labels[i] as Language });
    });
  }
  return out;
}

/** Where each sentence begins and ends; marks inside an address end none. */
function sentences(characters: string[], addresses: Stretch[]): Stretch[] {
  const hidden = [...characters];
  for (const [first, end] of addresses) hidden.fill("x", first, end);
  const place = places(hidden);
  return Array.from(hidden.join("").matchAll(SENTENCE),
    (m): Stretch => [place.get(m.index)!, place.get(m.index + m[0].length)!]);
}

function baseOf(text: string): string {
  if (SCRIPTS.kana.test(text)) return "ja";
  if (SCRIPTS.hangul.test(text)) return "ko";
  return SCRIPTS.han.test(text) ? "zh" : "en";
}

function labelsOf(
  characters: string[], asked: [string, string, string],
  placeholders: ReadonlyMap<string, string>, addresses: Stretch[],
): string[] {
  const [language, either, base] = asked;
  const sentence = characters.join("");
  let han = either;
  const japanese = base === "ja" || SCRIPTS.kana.test(sentence);
  if (language !== "zh" && language !== "ja" && japanese && !looksChinese(sentence)) han = "ja";
  const labels = characters.map((ch) => placeholders.get(ch) || script(ch, han));
  const present = new Set(labels.filter(Boolean));
  const others = [...present].filter((x) => x !== "en").sort();
  let main = base;
  if (present.size && !present.has(language)) {
    main = others[0] ?? (language === "auto" ? "en" : language);
  }
  if (main === "ja") letters(characters, labels);
  if (main !== "en") numbers(characters, labels, main, addresses);
  for (const [first, end] of addresses) labels.fill("en", first, end);
  let last = labels.find(Boolean) ?? main;
  return labels.map((label) => (last = label || last));
}

function letters(characters: string[], labels: string[]): void {
  const place = places(characters);
  for (const match of characters.join("").matchAll(JAPANESE_LETTERS)) {
    labels.fill("ja", place.get(match.index)!, place.get(match.index + match[0].length)!);
  }
}

/** Numbers (and their units) are read in the main language, unless glued to Latin letters. */
function numbers(characters: string[], labels: string[], main: string, addresses: Stretch[]): void {
  const text = characters.join("");
  const place = places(characters);
  if (main === "zh") {
    for (const match of text.matchAll(NAMED_BY_NUMBER)) {
      const end = place.get(match.index + match[0].length)!;
      labels.fill(main, end - match[1]!.length, end);
    }
  }
  for (const match of text.matchAll(NUMBER)) {
    const start = place.get(match.index)!;
    let end = place.get(match.index + match[0].length)!;
    if (addresses.some(([first, last]) => first <= start && start < last)) continue;
    if (start && labels[start - 1] === "en") continue;
    if (start > 1 && "-.@/_".includes(characters[start - 1]!) && labels[start - 2] === "en") continue;
    const after = UNIT_AFTER[main];
    if (after) after.lastIndex = match.index + match[0].length;
    const unit = after?.exec(text);
    if (unit) end = place.get(unit.index + unit[0].length)!;
    else if (/^(?:st|nd|rd|th)(?![A-Za-z])/.test(text.slice(match.index + match[0].length))) continue;
    labels.fill(main, start, end);
  }
}

/** The number of characters before each place of the text in 16-bit units. */
function places(characters: string[]): Map<number, number> {
  const found = new Map<number, number>();
  let at = 0;
  characters.forEach((ch, i) => {
    found.set(at, i);
    at += ch.length;
  });
  return found.set(at, characters.length);
}

/** Characters that none of the languages has a sound for, each once, in order. */
export function unknown(
  text: string, given: ReadonlySet<string>, languages: readonly string[],
  hasReading: (ch: string) => boolean,
): string {
  const out = new Set<string>();
  for (const ch of text) {
    if (given.has(ch) || /^[\x00-\x7f]$/.test(ch) || !isLetter(ch)) continue;
    const named = script(ch);
    if (!named || !spokenIn(ch, named, languages, hasReading)) out.add(ch);
  }
  return [...out].join("");
}

function spokenIn(
  ch: string, named: string, languages: readonly string[], hasReading: (ch: string) => boolean,
): boolean {
  if (named !== "zh") return languages.includes(named);
  if (!languages.includes("zh")) return languages.includes("ja");
  return "々〆".includes(ch) || hasReading(ch);
}
