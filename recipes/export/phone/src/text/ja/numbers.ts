// Numbers and their counters, from the tables of voice/export/numerals.py: which accent phrases a
// number is, and how its last digit and the counter sound together.

import type { Found } from "./dictionary";
import { morae } from "./kana";
import type { Word } from "./words";

type Table = Record<string, string>;

export interface NumberTables {
  /** Numbers without a counter. */
  alone: Table;
  /** What stands before the last digit that is no zero: 320 has it at 300. */
  heads: Table;
  /** That digit (times its place) with a counter; x4 is four behind tens. */
  counters: Record<string, Table>;
  /** Denominators with の. */
  fractions: Table;
  /** The first day of a month. */
  first: string;
}

const DIGITS: Record<string, number> = {};
Array.from("０１２３４５６７８９").forEach((ch, i) => (DIGITS[ch] = i));
Array.from("〇一二三四五六七八九").forEach((ch, i) => (DIGITS[ch] = i));
const PLACES: Record<string, number> = { 十: 10, 百: 100, 千: 1000 };
const GROUPS: Record<string, number> = { 万: 1e4, 億: 1e8, 兆: 1e12 };
const LARGEST = 1e15;
const MYRIAD = 10_000;
const YEN = "円";

/** Words of a number, and how many of the found ones it takes up; null where none begins here. */
export function numberAt(
  found: Found[], at: number, tables: NumberTables,
): { words: Word[]; end: number } | null {
  let end = at;
  let written = "";
  while (end < found.length && found[end]!.entry.tag[1] === "数" && isNumeral(found[end]!.surface)) {
    written += found[end++]!.surface;
  }
  if (!written) return uncertain(found, at, tables);
  const value = valueOf(written);
  if (value === null) return null;
  if (found[end]?.surface === "分" && found[end + 1]?.surface === "の" && found[end + 2]?.entry.tag[1] === "数") {
    const under = tables.fractions[value];
    const over = numberAt(found, end + 2, tables);
    if (under && over) {
      Object.assign(over.words[0]!, { rule: "C1", joined: true });
      return { words: [wordOf(under, 0, "分", ["数"]), ...over.words], end: over.end };
    }
  }
  const counter = found[end];
  if (value === 1 && counter?.surface === "日" && found[at - 1]?.surface.includes("月")) {
    return { words: worded(phrasesOf(tables.first)!, counter), end: end + 1 };
  }
  if (counter?.entry.tag[0] === "名詞" && tables.counters[counter.surface]) {
    const phrases = counted(value, counter.surface, tables);
    if (phrases) return { words: worded(phrases, counter), end: end + 1 };
  }
  const phrases = alone(value, tables);
  if (!phrases) return null;
  const words = worded(phrases);
  // A digit alone, and a place without a digit, may go on the phrase of a noun.
  if (value < 10 || /^[１十百千]/u.test(written)) words[0]!.joined = null;
  if (value < 10) words[0]!.rule = "C3";
  return { words, end };
}

/** 何 and 数 with a counter. */
function uncertain(found: Found[], at: number, tables: NumberTables) {
  const counter = found[at + 1];
  const table = counter?.entry.tag[0] === "名詞" && tables.counters[counter.surface];
  const phrases = found[at]!.entry.tag[1] === "数" && table && phrasesOf(table[found[at]!.surface]);
  return phrases ? { words: worded(phrases, counter), end: at + 2 } : null;
}

type Phrase = [kana: string, fall: number];

function phrasesOf(text: string | undefined): Phrase[] | null {
  if (text === undefined) return null;
  return text.split(" ").filter(Boolean).map((own) => {
    const [kana = "", fall] = own.split("/");
    return [kana, Number(fall)];
  });
}

function alone(value: number, tables: NumberTables): Phrase[] | null {
  if (tables.alone[value] !== undefined) return phrasesOf(tables.alone[value]);
  return large(value, tables, (low) => (low ? alone(low, tables) : []));
}

/** Phrases of a number before a counter. */
function counted(value: number, counter: string, tables: NumberTables): Phrase[] | null {
  const table = tables.counters[counter];
  if (!table) return null;
  if (table[value] !== undefined) return phrasesOf(table[value]);
  if (value < MYRIAD) {
    const last = tail(value);
    const behindTens = last < 10 && value > 20 ? table[`x${last}`] : undefined;
    const before = phrasesOf(tables.heads[value - last]);
    const own = phrasesOf(behindTens ?? table[last]);
    return before && own && [...before, ...own];
  }
  return large(value, tables, (low, phrases) => {
    if (low) return counted(low, counter, tables);
    const [kana, fall] = phrasesOf(table[2 * MYRIAD])?.[0] ?? ["", 0];
    const name = kana.replace(/^ニマン/u, "");
    if (!kana || name === kana) return null;
    const [before] = phrases.pop()!;
    const size = morae(before).length;
    if (counter === YEN) return [[before + name, before.endsWith("ン") ? size - 1 : size]];
    return [[before + name, fall && size + fall - morae("ニマン").length]];
  });
}

/** A number of 10,000 or more: its largest group, and what `rest` makes of those below. */
function large(
  value: number, tables: NumberTables, rest: (low: number, phrases: Phrase[]) => Phrase[] | null,
): Phrase[] | null {
  const [name, size] = Object.entries(GROUPS).findLast(([, own]) => value >= own) ?? [];
  if (!name || !size) return null;
  const phrases = counted(Math.floor(value / size), name, tables);
  const more = phrases && rest(value % size, phrases);
  return more && [...phrases, ...more];
}

/** The last digit that is no zero, times its place. */
function tail(value: number): number {
  let place = 1;
  while (value && Math.floor(value / place) % 10 === 0) place *= 10;
  return (Math.floor(value / place) % 10) * place;
}

function worded(phrases: Phrase[], counter?: Found): Word[] {
  return phrases.map(([kana, fall], i) => {
    if (counter && i + 1 === phrases.length) {
      return { ...wordOf(kana, fall, counter.surface, counter.entry.tag.slice(1, 4)), base: counter.entry.base };
    }
    return wordOf(kana, fall, kana, ["数"]);
  });
}

function wordOf(kana: string, accent: number, text: string, finer: string[]): Word {
  return {
    text, base: text, part: "名詞", finer: [...finer, "*", "*"].slice(0, 3), inflection: "*", form: "*",
    reading: kana, pronunciation: kana, accent, size: morae(kana).length, rule: "*", joined: false,
  };
}

function isNumeral(text: string): boolean {
  return Array.from(text).every((ch) => ch in DIGITS || ch in PLACES || ch in GROUPS);
}

/** The value of digits, of digits with places, or of both; null where it is none. */
function valueOf(written: string): number | null {
  let [sum, group, digits] = [0, 0, ""];
  for (const ch of written) {
    if (ch in DIGITS) {
      digits += DIGITS[ch];
      continue;
    }
    const own = Number(digits || (ch in PLACES ? 1 : 0));
    digits = "";
    if (ch in PLACES) {
      group += own * PLACES[ch]!;
    } else {
      sum += (group + own) * GROUPS[ch]!;
      group = 0;
    }
  }
  const value = sum + group + Number(digits || 0);
  if (value === 0 && !/^[０〇]$/u.test(written)) return null;
  return value < LARGEST ? value : null;
}
