// Words to accent phrases: which are spoken as one, and where the pitch falls; the rules of Open
// JTalk (Sagisaka & Sato 1983 for compounds), with the corrections of pyopenjtalk-plus for polite
// and negative endings.

import type { Found } from "./dictionary";
import { morae, phonemesOf } from "./kana";

export interface Word {
  text: string;
  part: string;
  finer: string[];
  inflection: string;
  form: string;
  base: string;
  pronunciation: string;
  accent: number;
  size: number;
  rule: string;
  /** Whether it begins a phrase in any case: a later part of a word of several phrases. */
  apart: boolean;
}

/** Words as they are pronounced; those of several phrases are taken apart. */
export function wordsOf(found: Found[]): Word[] {
  const out: Word[] = [];
  for (const { surface, entry, known } of found) {
    const [part = "", a = "*", b = "*", c = "*", inflection = "*", form = "*"] = entry.tag;
    const same = { part, finer: [a, b, c], inflection, form };
    const written = known && entry.pronunciation && entry.pronunciation !== "*";
    if (!written) {
      const kana = morae(surface).join("");
      out.push({
        ...same, text: surface, part: kana ? "フィラー" : part, base: surface, pronunciation: kana, accent: 0,
        size: morae(kana).length, rule: "*", apart: false,
      });
      continue;
    }
    const bases = entry.base.split(":");
    const accents = entry.accent.split(":");
    entry.pronunciation.split(":").forEach((pronunciation, i) => {
      const [accent = "0", size = "0"] = (accents[i] ?? "").split("/");
      out.push({
        ...same, text: bases.length > 1 ? bases[i] ?? surface : surface, base: bases[i] ?? surface,
        pronunciation: pronunciation.replaceAll("’", ""), accent: Number(accent) || 0,
        size: Number(size) || 0, rule: i ? "*" : entry.rule || "*", apart: i > 0,
      });
    });
  }
  endings(out);
  return out;
}

/** う behind a verb lengthens it. */
function endings(words: Word[]): void {
  words.forEach((word, i) => {
    const next = words[i + 1];
    const verb = word.part === "動詞" || word.part === "助動詞";
    if (next && verb && word.size > 0 && next.part === "助動詞" && next.pronunciation === "ウ") {
      next.pronunciation = "ー";
    }
  });
}

const isOne = (word: Word, part: string, finer?: string) =>
  word.part === part && (finer === undefined || word.finer[0] === finer);
const UNITS = new Set("十百千万億兆");
const alone = (word: Word) => ["副詞", "接続詞", "連体詞"].includes(word.part);
const attached = (word: Word) => word.part === "助詞" || word.part === "助動詞";

/** Whether a word is spoken in one phrase with the one before. */
function joins(before: Word, word: Word): boolean {
  let one = true;
  const set = (condition: boolean, value: boolean) => {
    if (condition) one = value;
  };
  set(isOne(before, "形容詞") && isOne(word, "名詞"), false);
  set(isOne(before, "名詞", "形容動詞語幹") && isOne(word, "名詞"), false);
  set(isOne(before, "動詞") && (isOne(word, "形容詞") || isOne(word, "名詞")), false);
  const light = isOne(word, "名詞", "非自立");
  set(alone(before) || alone(word), false);
  set(isOne(before, "名詞", "副詞可能") || isOne(word, "名詞", "副詞可能"), false);
  set(attached(word), true);
  set(attached(before) && !attached(word), false);
  set(isOne(before, "名詞", "接尾") && isOne(word, "名詞"), false);
  const linked = before.form.startsWith("連用");
  if (isOne(word, "形容詞", "非自立")) {
    set((isOne(before, "動詞") || isOne(before, "形容詞")) && linked, true);
    set(isOne(before, "助詞", "接続助詞") && ["て", "で"].includes(before.text), true);
  }
  if (isOne(word, "動詞", "非自立")) {
    one = true;
  }
  const verbal = isOne(word, "動詞") || isOne(word, "形容詞") || isOne(word, "名詞", "形容動詞語幹");
  set(isOne(before, "名詞") && verbal, false);
  set(light || word.inflection === "サ変・スル", true);
  set(isOne(word, "動詞", "非自立") && attached(before), true);
  // Each place of a number is a phrase of its own, with what counts behind the last.
  set(isOne(word, "名詞", "数") && !isOne(before, "接頭詞"), false);
  set(isOne(before, "名詞", "数") && UNITS.has(word.text), true);
  set(isOne(before, "記号") || isOne(word, "記号"), false);
  set(isOne(word, "接頭詞"), false);
  set(before.finer[2] === "姓" && isOne(word, "名詞"), false);
  set(isOne(before, "名詞") && word.finer[2] === "名", false);
  set(word.finer[0] === "接尾", true);
  return one;
}

/** Which rule and shift apply behind a word of this part of speech. */
function ruleOf(rules: string, before: Word): [rule: string, shift: number] {
  for (const own of rules.split("/")) {
    const [condition, rest] = own.includes("%") ? own.split("%") as [string, string] : ["", own];
    if (condition && !before.part.includes(condition)) continue;
    const [rule = "*", shift = "0"] = rest.split("@");
    return [rule, Number(shift)];
  }
  return ["*", 0];
}

/** Accent phrases with the place of the fall, 0 for none, of all words joined. */
export function accentPhrases(words: Word[]): Word[][] {
  const phrases: Word[][] = [];
  words.forEach((word, i) => {
    const before = words[i - 1];
    if (before && !word.apart && joins(before, word)) phrases.at(-1)!.push(word);
    else phrases.push([word]);
  });
  for (const phrase of phrases) {
    const head = phrase[0]!;
    const next = phrase[1];
    const past = next && (isOne(next, "助詞", "接続助詞") || next.inflection === "特殊・タ");
    const own = morae(head.pronunciation);
    const vowels = own.length > 1 && "アイウエオ".includes(own.at(-1)!);
    // A verb's last mora that is a vowel alone does not carry the fall before て and た.
    if (isOne(head, "動詞") && past && vowels && head.accent === head.size) head.accent--;
    let size = 0;
    phrase.forEach((word, i) => {
      if (i) head.accent = combined(head, word, phrase[i - 1]!, size);
      size += word.size;
    });
  }
  for (const phrase of phrases) {
    retreat(phrase);
    polite(phrase);
  }
  return phrases;
}

function combined(head: Word, word: Word, before: Word, size: number): number {
  let [rule, shift] = ruleOf(word.rule, before);
  // A verb behind a verb brings its own fall, or takes it away.
  if (rule === "*" && isOne(word, "動詞") && isOne(before, "動詞")) rule = word.accent ? "C1" : "C4";
  const { accent } = head;
  switch (rule) {
    case "F2": return accent === 0 ? size + shift : accent;
    case "F3": return accent !== 0 ? size + shift : accent;
    case "F4": return size + shift;
    case "F5": case "C4": case "P6": return 0;
    case "C1": return size + word.accent;
    case "C2": return size + 1;
    case "C3": return size;
    case "P1": return word.accent === 0 ? 0 : size + word.accent;
    case "P2": return word.accent === 0 ? size + 1 : size + word.accent;
    case "P14": return word.accent !== 0 ? size + word.accent : accent;
    default: return accent;
  }
}

/** A fall on a mora that cannot carry it comes a mora sooner. */
function retreat(phrase: Word[]): void {
  const head = phrase[0]!;
  let rest = head.accent;
  phrase.some((word, i) => {
    if (rest <= 0) return true;
    if (rest > word.size) {
      rest -= word.size;
      return false;
    }
    const own = morae(word.pronunciation);
    const place = own[rest - 1] ?? own[0] ?? "";
    // At the end of a first part that a suffix goes on, the i of ai cannot carry it either.
    const diphthong = rest === word.size && phrase[i + 1]?.rule === "C3" && place === "イ" &&
      phonemesOf(own[rest - 2] ?? "", "").at(-1) === "a";
    if (["ー", "ッ", "ン"].includes(place) || diphthong) head.accent--;
    return true;
  });
}

const LATE = new Set(["れる", "られる", "すぎる", "せる", "させる"]);

/** Behind a verb with a fall, polite and negative endings take it over. */
function polite(phrase: Word[]): void {
  const head = phrase[0]!;
  let rest = head.accent;
  let behind = false;
  let size = 0;
  for (const word of phrase) {
    if (rest === 0) return;
    if (behind) {
      if (word.inflection === "特殊・マス") head.accent = size + (word.form === "未然形" ? 2 : 1);
      else if (word.inflection === "特殊・ナイ") head.accent = size;
      else if (LATE.has(word.base)) head.accent = size + word.accent;
      else return;
      size += word.size;
      continue;
    }
    size += word.size;
    if (rest <= word.size) behind = true;
    else rest -= word.size;
  }
}

/** A text as the dictionary spells it: letters, digits and marks in full width. */
export function fullWidth(text: string): string {
  return text.replace(/[!-~]/g, (ch) => String.fromCharCode(ch.charCodeAt(0) + 0xfee0));
}
