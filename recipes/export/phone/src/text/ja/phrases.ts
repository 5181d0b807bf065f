// Words to accent phrases: which are spoken as one, and where the pitch falls; the rules of Open
// JTalk (Sagisaka & Sato 1983 for compounds), with the corrections of pyopenjtalk-plus for morae
// that cannot carry a fall and for polite and negative endings.

import { morae, phonemesOf } from "./kana";
import { isOne, type Word } from "./words";

type Pair = (before: Word, word: Word) => boolean;
const isNoun = (word: Word) => word.part === "名詞";
const isVerb = (word: Word) => word.part === "動詞";
const isAdjective = (word: Word) => word.part === "形容詞";
const ending = (word: Word) => word.part === "助詞" || word.part === "助動詞";
const alone = (word: Word) => ["副詞", "接続詞", "連体詞"].includes(word.part);
const linked = (word: Word) => word.form.startsWith("連用");
const INDEPENDENT_BEFORE = ["助動詞", "連体詞", "助詞", "形容詞", "動詞"];
/** Prefixes that point at something, with a phrase of their own. */
const POINTING = new Set(["本", "当", "同", "全"]);

/** In their order; the last that holds decides, and where none does the two are one phrase. */
const JOINS: [one: boolean, holds: Pair][] = [
  [false, (a, b) => isAdjective(a) && (isNoun(b) || isVerb(b) || isAdjective(b))],
  [false, (a, b) => isVerb(a) && (isAdjective(b) || isNoun(b))],
  [false, (a, b) => alone(a) || alone(b)],
  [false, (a, b) => isOne(a, "名詞", "副詞可能") || isOne(b, "名詞", "副詞可能")],
  [true, (_, b) => ending(b)],
  [false, (a, b) => ending(a) && !ending(b)],
  [false, (a, b) => a.finer[0] === "接尾" && isNoun(b)],
  [true, (a, b) => isOne(b, "形容詞", "非自立") && (isVerb(a) || isAdjective(a)) && linked(a)],
  [true, (a, b) => isOne(b, "形容詞", "非自立") && isOne(a, "助詞", "接続助詞") && ["て", "で"].includes(a.text)],
  [false, (a, b) => isNoun(a) && (isVerb(b) || isAdjective(b) || b.finer[0] === "形容動詞語幹")],
  [true, (a, b) => isOne(b, "動詞", "非自立") && ((isVerb(a) && linked(a)) || a.part === "助詞" ||
    isOne(a, "名詞", "サ変接続") || isOne(a, "名詞", "形容動詞語幹"))],
  [false, (a, b) => a.part === "記号" || b.part === "記号"],
  [false, (_, b) => b.part === "接頭詞"],
  [false, (a, b) => (a.finer[2] === "姓" || isNoun(a)) && b.finer[2] === "名"],
  [true, (_, b) => b.finer[0] === "接尾"],
  [true, (a, b) => isOne(b, "名詞", "非自立") && INDEPENDENT_BEFORE.includes(a.part)],
  [false, (_, b) => b.finer[0] === "固有名詞"],
  [false, (a, b) => (isOne(a, "名詞", "非自立") || isOne(a, "名詞", "代名詞")) &&
    (isOne(b, "名詞", "一般") || isOne(b, "名詞", "サ変接続"))],
  [false, (a, b) => a.part === "感動詞" || b.part === "感動詞"],
];

/** Whether a word is spoken in one phrase with the one before. */
export function joins(before: Word, word: Word): boolean {
  if (before.part === "接頭詞" && POINTING.has(before.text)) return false;
  if (word.joined !== null) return word.joined;
  return JOINS.findLast(([, holds]) => holds(before, word))?.[0] ?? true;
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
    if (before && joins(before, word)) phrases.at(-1)!.push(word);
    else phrases.push([word]);
  });
  for (const phrase of phrases) {
    const head = phrase[0]!;
    const first = head.accent;
    let size = 0;
    phrase.forEach((word, i) => {
      const kept = head.rule === "P2" && first !== 0 && head.size > first;
      if (i && !kept) head.accent = combined(head, word, phrase[i - 1]!, size);
      else if (i) head.accent = first;
      size += word.size;
    });
    if (head.finer[0] === "数" && head.accent > size) head.accent = 0;
    if (head.part === "フィラー" && head.accent > head.size) head.accent = 0;
  }
  for (const phrase of phrases) {
    retreat(phrase);
    polite(phrase);
  }
  return phrases;
}

function combined(head: Word, word: Word, before: Word, size: number): number {
  const [rule, shift] = ruleOf(word.rule, before);
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
