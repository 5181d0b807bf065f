// Characters with several readings, where they are words of their own, read as their neighbours
// ask for; the tables are those of voice/export/readings.py.

import type { Dictionary } from "./dictionary";
import { morae } from "./kana";
import { joins } from "./phrases";
import type { Word } from "./words";

export interface ReadingTables {
  /** Words and, as `<名詞>`, parts of speech that are told apart. */
  before: string[];
  after: string[];
  usual: Record<string, string>;
  /** Readings between two words, `before/after`; an empty one leaves the dictionary's. */
  other: Record<string, Record<string, string>>;
  /** Kinds of words before which 何 is ナン or ナニ, with pronunciations before which it is not. */
  nan: Record<string, string[]>;
  nani: Record<string, string[]>;
}

/** 何 as ナニ or ナン by the word behind it. */
export function what(words: Word[], tables: ReadingTables): void {
  words.forEach((word, i) => {
    if (word.base === "何") word.pronunciation = word.reading = isNan(words[i + 1], tables) ? "ナン" : "ナニ";
  });
}

const CERTAIN = new Set(["を", "が", "に", "も", "より", "する"]);

function isNan(next: Word | undefined, tables: ReadingTables): boolean {
  if (!next || CERTAIN.has(next.base)) return false;
  if (next.text === "で" && next.part === "助動詞" && next.inflection === "特殊・ダ") return false;
  if (next.base === "で" && next.part === "助詞" && next.finer[0] === "格助詞") return true;
  const tag = [next.part, ...next.finer, next.inflection, next.form].join();
  const except = tables.nan[tag];
  if (except) return !except.includes(next.pronunciation);
  return tables.nani[tag]?.includes(next.pronunciation) ?? false;
}

/** Sets the readings, and the accents of other readings where a phrase begins. */
export function reread(words: Word[], tables: ReadingTables, dictionary: Dictionary): void {
  const found: [at: number, reading: string][] = [];
  for (const [i, word] of words.entries()) {
    const usual = tables.usual[word.base];
    if (usual === undefined) {
      // A verb's stem, of which Sudachi has a reading too: the original then leaves all as they are.
      if (tables.usual[word.text] !== undefined) return;
      continue;
    }
    const place = `${before(words[i - 1], tables)}/${after(words[i + 1], words[i + 2], tables)}`;
    const reading = tables.other[word.base]?.[place] ?? usual;
    if (!reading) return;
    if (word.finer[0] !== "接尾") found.push([i, reading]);
  }
  for (const [i, reading] of found) change(words[i]!, words[i - 1], reading, dictionary);
}

function change(word: Word, last: Word | undefined, reading: string, dictionary: Dictionary): void {
  const size = morae(reading).length;
  let pronunciation = reading === "ホウ" && word.base === "方" ? "ホー" : reading;
  if (reading !== word.reading && size !== word.size && !(last && joins(last, word))) {
    const own = alternative(word, reading, dictionary);
    if (own) {
      pronunciation = own.pronunciation.replaceAll("’", "");
      word.accent = Number(own.accent.split("/")[0]) || 0;
    }
  }
  Object.assign(word, { pronunciation, reading, size: morae(pronunciation).length });
}

/** The dictionary's entry with this reading: of the same part of speech, then the likeliest. */
function alternative(word: Word, reading: string, dictionary: Dictionary) {
  const tag = [word.part, ...word.finer].join();
  return dictionary.spelled(word.base).filter((own) => own.reading === reading)
    .sort((a, b) => Number(a.tag.slice(0, 4).join() !== tag) - Number(b.tag.slice(0, 4).join() !== tag) ||
      a.cost - b.cost)[0];
}

function before(word: Word | undefined, tables: ReadingTables): string {
  return word ? known([word.text], word, tables.before) : "";
}

function after(word: Word | undefined, next: Word | undefined, tables: ReadingTables): string {
  return word ? known([word.text + (next?.text ?? ""), word.text], word, tables.after) : "";
}

/** The first of the spellings, or part of speech of a word, that the tables tell apart. */
function known(texts: string[], word: Word, told: string[]): string {
  return [...texts, `<${word.finer[0]}>`, `<${word.part}>`].find((own) => told.includes(own)) ?? "";
}
