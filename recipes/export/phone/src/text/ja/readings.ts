// Characters with several readings, where they are words of their own, read as their neighbours
// ask for; the tables are those of voice/export/readings.py.

import type { Dictionary } from "./dictionary";
import { morae } from "./kana";
import { joins } from "./phrases";
import type { Word } from "./words";

export interface ReadingTables {
  /** What stands for other words, by part of speech. */
  words: Record<"before" | "after", Record<string, string>>;
  before: string[];
  after: string[];
  usual: Record<string, string>;
  /** Readings between two words, `before/after`; an empty one leaves the dictionary's. */
  other: Record<string, Record<string, string>>;
}

/** Sets the readings, and the accents of other readings where a phrase begins. */
export function reread(words: Word[], tables: ReadingTables, dictionary: Dictionary): void {
  words.forEach((word, i) => {
    const usual = tables.usual[word.base];
    if (usual === undefined || word.finer[0] === "接尾") return;
    const place = `${beside(words[i - 1], "before", tables)}/${beside(words[i + 1], "after", tables)}`;
    const reading = tables.other[word.base]?.[place] ?? usual;
    if (!reading) return;
    const before = words[i - 1];
    const size = morae(reading).length;
    let pronunciation = reading === "ホウ" && word.base === "方" ? "ホー" : reading;
    if (reading !== word.reading && size !== word.size && !(before && joins(before, word))) {
      const own = alternative(word, reading, dictionary);
      if (own) {
        pronunciation = own.pronunciation.replaceAll("’", "");
        word.accent = Number(own.accent.split("/")[0]) || 0;
      }
    }
    Object.assign(word, { pronunciation, reading, size: morae(pronunciation).length });
  });
}

/** The dictionary's entry with this reading: of the same part of speech, then the likeliest. */
function alternative(word: Word, reading: string, dictionary: Dictionary) {
  const tag = [word.part, ...word.finer].join();
  return dictionary.spelled(word.base).filter((own) => own.reading === reading)
    .sort((a, b) => Number(a.tag.slice(0, 4).join() !== tag) - Number(b.tag.slice(0, 4).join() !== tag) ||
      a.cost - b.cost)[0];
}

function beside(word: Word | undefined, side: "before" | "after", tables: ReadingTables): string {
  if (!word) return "";
  if (tables[side].includes(word.text)) return word.text;
  const stands = tables.words[side];
  return stands[word.finer[0]!] ?? stands[word.part] ?? "";
}
