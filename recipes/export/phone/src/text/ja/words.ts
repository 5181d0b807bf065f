// Words as they are pronounced, and what changes in them beside certain others; the rules of
// Open JTalk and pyopenjtalk-plus before words are joined to accent phrases.

import type { Found } from "./dictionary";
import { morae } from "./kana";
import { numberAt, type NumberTables } from "./numbers";

export interface Word {
  text: string;
  part: string;
  finer: string[];
  inflection: string;
  form: string;
  base: string;
  reading: string;
  pronunciation: string;
  accent: number;
  size: number;
  rule: string;
  /** Whether it goes on the phrase of the word before; null: by the parts of speech. */
  joined: boolean | null;
}

const DEVOICED = /’/g;

/** Words as they are pronounced; those of several phrases are taken apart. */
export function wordsOf(found: Found[], numbers: NumberTables): Word[] {
  const out: Word[] = [];
  for (let at = 0; at < found.length; at++) {
    const number = numberAt(found, at, numbers);
    if (number) {
      out.push(...number.words);
      at = number.end - 1;
      continue;
    }
    const { surface, entry, known } = found[at]!;
    const [part = "", a = "*", b = "*", c = "*", inflection = "*", form = "*"] = entry.tag;
    const same = { part, finer: [a, b, c], inflection, form };
    if (!known || !entry.pronunciation || entry.pronunciation === "*") {
      const word = spelledOut(surface, same);
      const last = out.at(-1);
      // Kana that no word was found for are one filler.
      if (last && isMora(word) && isMora(last)) extend(last, word);
      else out.push(word);
      continue;
    }
    const bases = entry.base.split(":");
    const accents = entry.accent.split(":");
    entry.pronunciation.split(":").forEach((pronunciation, i) => {
      const [accent = "0", size = "0"] = (accents[i] ?? "").split("/");
      out.push({
        ...same, text: bases.length > 1 ? bases[i] ?? surface : surface, base: bases[i] ?? surface,
        reading: entry.reading, pronunciation: pronunciation.replace(DEVOICED, ""), accent: Number(accent) || 0,
        size: Number(size) || 0, rule: i ? "*" : entry.rule || "*", joined: i ? false : null,
      });
    });
  }
  return out;
}

type Tags = Pick<Word, "part" | "finer" | "inflection" | "form">;

/** A word that the dictionary lacks, read as its kana; of katakana, with the accent of loan words. */
function spelledOut(surface: string, tags: Tags): Word {
  const own = morae(surface);
  const word: Word = {
    ...tags, text: surface, base: surface, reading: own.join(""), pronunciation: own.join(""), accent: 0, size: own.length,
    rule: "*", joined: null,
  };
  if (!own.length) return word;
  if (/^[\u30a1-\u30fa\u30fc]+$/.test(surface)) word.accent = loanAccent(own);
  else return { ...word, part: "フィラー", finer: ["*", "*", "*"] };
  return word;
}

/** The third mora from the end, or the one before where that cannot carry a fall. */
function loanAccent(own: string[]): number {
  if (own.length <= 3) return 1;
  let place = own.length - 3;
  while (place > 0 && "ーンッ".includes(own[place]!)) place--;
  return place + 1;
}

const isMora = (word: Word) => word.part === "フィラー" && morae(word.text).length === 1;

function extend(word: Word, more: Word): void {
  word.text += more.text;
  word.base += more.base;
  word.pronunciation += more.pronunciation;
  word.size += more.size;
}

export const isOne = (word: Word, part: string, finer?: string) =>
  word.part === part && (finer === undefined || word.finer[0] === finer);
const CAUSATIVE = ["せる", "させる"];
const TAKES_PAST = ["れる", "られる", ...CAUSATIVE, "ちゃう"];
const LINKED_FORMS = ["連用形", "連用タ接続", "連用ゴザイ接続", "連用テ接続"];

/** Changes of rules and accents by the word behind, in the order of the original. */
export function settle(words: Word[]): void {
  longU(words);
  words.slice(0, -1).forEach((word, i) => {
    const next = words[i + 1]!;
    const third = words[i + 2];
    negative(word, next);
    if (word.text === "放っ" && next.text === "て" && third && isOne(third, "動詞") && third.base === "おく") {
      word.accent = 0;
    }
    volitional(word, next, third, words[i + 3]);
    causative(word, next, third);
    lake(words, i);
    if (word.part === "名詞" && next.text === "不足" && next.pronunciation === "フソク") {
      next.pronunciation = "ブソク";
    }
    placeholders(word, next);
    ball(word, next);
    light(word, next);
    if (["お", "御", "ご"].includes(word.text) && word.rule === "P1") honorific(next);
    // Of two verbs the second has its fall, or takes it away.
    if (word.part === "動詞" && next.part === "動詞") next.rule = next.accent ? "C1" : "C4";
    if (LINKED_FORMS.includes(word.form) && word.accent === word.size && word.size > 1) word.accent--;
    if (TAKES_PAST.includes(word.base) && next.text === "た") next.rule = "F2@1";
    if (word.part === "形容詞" && ["なる", "する"].includes(next.base)) next.joined = true;
  });
  words.forEach((word, i) => {
    if (word.part !== "フィラー") return;
    word.joined = false;
    if (words[i + 1]?.part === "名詞") words[i + 1]!.joined = false;
  });
}

/** う behind a verb lengthens its o or u. */
function longU(words: Word[]): void {
  words.forEach((word, i) => {
    const next = words[i + 1];
    const verb = word.part === "動詞" || word.part === "助動詞";
    if (!next || !verb || !word.size || next.part !== "助動詞" || next.pronunciation !== "ウ") return;
    if (!/[アカサタナハマヤラワガザダバパャァイキシチニヒミリギジヂビピィエケセテネヘメレゲゼデベペェ]$/u.test(word.pronunciation)) next.pronunciation = "ー";
  });
}

/** の and と behind ない leave its fall where it is. */
function negative(word: Word, next: Word): void {
  const particle = next.part === "助詞" || isOne(next, "名詞", "非自立");
  if (word.part !== "助動詞" || word.base !== "ない" || !particle || !["の", "と"].includes(next.base)) return;
  const others = next.rule.split("/").filter((rule) => !rule.startsWith("助動詞%"));
  next.rule = ["助動詞%F1", ...others].join("/");
}

/** う of 守ろう has the fall behind the mora before it, but for 守ろうと(する) of a flat verb. */
function volitional(word: Word, next: Word, third?: Word, fourth?: Word): void {
  const own = word.part === "動詞" && word.form === "未然ウ接続" && next.part === "助動詞" && next.base === "う";
  if (!own) return;
  const flat = word.accent === 0 && third?.text === "と" && ["する", "思う"].includes(fourth?.base ?? "");
  if (!flat) next.rule = "動詞%F4@0/特殊助動詞%F2@0";
}

/** せる behind a flat verb stays flat at the end, and before ない. */
function causative(word: Word, next: Word, third?: Word): void {
  const own = isOne(word, "動詞", "自立") && word.accent === 0 && isOne(next, "動詞", "接尾") &&
    CAUSATIVE.includes(next.base);
  if (!own) return;
  if (third?.part === "助動詞" && third.base === "ない") {
    next.accent = 0;
    third.rule = third.rule.split("/").map((rule) => (rule.startsWith("動詞%") ? "動詞%F1" : rule)).join("/");
  }
  if (next.form === "基本形") next.accent = 0;
}

/** 湖 behind a longer name is a suffix. */
function lake(words: Word[], at: number): void {
  const next = words[at + 1]!;
  if (words[at]!.part !== "名詞" || next.text !== "湖" || next.pronunciation !== "ミズウミ") return;
  let size = 0;
  for (let i = at; i >= 0 && words[i]!.part === "名詞"; i--) {
    size += words[i]!.size;
    if (words[i]!.joined === false) break;
  }
  if (size >= 3) next.rule = "C3";
}

/** 〇〇 that stands for a name. */
function placeholders(word: Word, next: Word): void {
  if (word.text !== "〇" || next.text !== "〇") return;
  for (const own of [word, next]) {
    Object.assign(own, {
      part: "名詞", finer: ["一般", own.finer[1], own.finer[2]], pronunciation: "マル", accent: 0, size: 2,
    });
  }
}

/** 球 behind a Japanese word is voiced. */
function ball(word: Word, next: Word): void {
  const suffix = next.text === "球" && isOne(next, "名詞", "接尾") && next.pronunciation === "キュー";
  if (!suffix || !/[\u4e00-\u9fff]/u.test(word.text) || !/[\u3041-\u3096]/u.test(word.text)) return;
  Object.assign(next, { pronunciation: "ダマ", accent: 1, size: 2, rule: "C4" });
}

/** する belongs to what it makes a verb of. */
function light(word: Word, next: Word): void {
  const carries = ["サ変接続", "格助詞", "接続助詞"].includes(word.finer[0]!) || word.part === "副詞" ||
    isOne(word, "名詞", "一般");
  if (carries && next.inflection === "サ変・スル") next.joined = true;
}

/** Behind お and ご a word is flat, or keeps its fall. */
function honorific(next: Word): void {
  if (next.accent === 0 || next.accent === next.size) {
    next.rule = "C4";
    next.accent = 0;
  } else {
    next.rule = "C1";
  }
}
