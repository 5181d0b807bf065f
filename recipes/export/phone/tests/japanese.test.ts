import { describe, expect, it } from "vitest";
import { clean } from "../src/text/clean";
import type { Entry, Found } from "../src/text/ja/dictionary";
import { normalize } from "../src/text/ja/normalize";
import { numberAt, type NumberTables } from "../src/text/ja/numbers";
import { accentPhrases } from "../src/text/ja/phrases";
import { reread, what, type ReadingTables } from "../src/text/ja/readings";
import { settle, wordsOf } from "../src/text/ja/words";

const TABLES: NumberTables = {
  alone: { 5: "ゴ/1", 12: "ジューニ/3" },
  heads: { 20: "ニジュー/1", 300: "サンビャク/1" },
  counters: {
    円: { 4: "ヨエン/1", 20: "ニジューエン/2", x4: "ヨンエン/1", 20000: "ニマンエン/0", 何: "ナンエン/1" },
    日: { 1: "イチニチ/4", 20: "ハツカ/0" }, 万: { 3: "サンマン/3" },
  },
  fractions: { 4: "ヨンブンノ" }, first: "ツイタチ/4",
};

const entry = (spelling: string, tag: string, more: Partial<Entry> = {}): Entry => ({
  spelling, left: 0, right: 0, cost: 0, tag: tag.split(","), base: spelling, reading: "", pronunciation: "",
  accent: "0/0", rule: "*", ...more,
});
const found = (spelling: string, tag: string, more: Partial<Entry> = {}): Found =>
  ({ surface: spelling, entry: entry(spelling, tag, more), known: true });
const digits = (text: string) => Array.from(text, (ch) => found(ch, "名詞,数,*,*,*,*"));
const counter = (text: string) => found(text, "名詞,接尾,助数詞,*,*,*", { pronunciation: "?" });
const spoken = (given: Found[], at = 0) =>
  numberAt(given, at, TABLES)?.words.map((word) => `${word.pronunciation}${word.accent}`);

describe("Japanese numbers", () => {
  it("sound as their table says", () => {
    expect(spoken([...digits("２０"), counter("日")])).toEqual(["ハツカ0"]);
    expect(spoken([...digits("３２０"), counter("円")])).toEqual(["サンビャク1", "ニジューエン2"]);
    expect(spoken([...digits("２４"), counter("円")])).toEqual(["ニジュー1", "ヨンエン1"]);
    expect(spoken([...digits("３００２０"), counter("円")])).toEqual(["サンマン3", "ニジューエン2"]);
    expect(spoken([...digits("三万"), counter("円")])).toEqual(["サンマンエン3"]);
    expect(spoken([...digits("十二")])).toEqual(["ジューニ3"]);
    expect(spoken([...digits("何"), counter("円")])).toEqual(["ナンエン1"]);
    expect(spoken([counter("円")])).toBeUndefined();
  });

  it("know fractions and the first of a month", () => {
    const part = [...digits("４"), counter("分"), found("の", "助詞,連体化,*,*,*,*"), ...digits("５")];
    const words = numberAt(part, 0, TABLES)!.words;
    expect(words.map((w) => [w.pronunciation, w.joined, w.rule])).toEqual(
      [["ヨンブンノ", false, "*"], ["ゴ", true, "C1"]]);
    expect(accentPhrases(words).map((phrase) => phrase[0]!.accent)).toEqual([6]);
    const month = found("５月", "名詞,副詞可能,*,*,*,*");
    expect(spoken([month, ...digits("１"), counter("日")], 1)).toEqual(["ツイタチ4"]);
    expect(spoken([...digits("１"), counter("日")])).toEqual(["イチニチ4"]);
  });
});

const phrases = (...given: Found[]) => {
  const words = wordsOf(given, TABLES);
  settle(words);
  return accentPhrases(words).map((phrase) =>
    `${phrase.map((word) => word.pronunciation).join("")}${phrase[0]!.accent}`);
};
const verb = (text: string, kana: string, accent: string, form = "基本形", kind = "自立") =>
  found(text, `動詞,${kind},*,*,五段,${form}`, { pronunciation: kana, reading: kana, accent });
const noun = (text: string, kana: string, accent: string, finer = "一般", rule = "C2") =>
  found(text, `名詞,${finer},*,*,*,*`, { pronunciation: kana, reading: kana, accent, rule });

describe("Japanese accent phrases", () => {
  it("begin where the parts of speech say so", () => {
    expect(phrases(noun("私", "ワタシ", "0/3", "代名詞"), noun("自身", "ジシン", "1/3"))).toEqual(["ワタシ0", "ジシン1"]);
    expect(phrases(noun("世界", "セカイ", "1/3"), noun("像", "ゾー", "1/2", "接尾", "C3"))).toEqual(["セカイゾー2"]);
    expect(phrases(noun("無敗", "ムハイ", "0/3"), verb("見る", "ミル", "1/2"))).toEqual(["ムハイ0", "ミル1"]);
  });

  it("have the fall of the second of two verbs, and of loan words the third mora from the end", () => {
    expect(phrases(verb("食べ", "タベ", "2/2", "連用形"), verb("過ぎる", "スギル", "2/3", "基本形", "非自立")))
      .toEqual(["タベスギル4"]);
    const loan = (text: string): Found => ({ ...found(text, "名詞,一般,*,*,*,*"), known: false });
    expect(phrases(loan("ペルスペクティーフ"))).toEqual(["ペルスペクティーフ6"]);
    expect(phrases(loan("モチベ"))).toEqual(["モチベ1"]);
  });
});

describe("Japanese readings", () => {
  const tables: ReadingTables = {
    before: ["の", "<名詞>"], after: ["に", "<名詞>"], usual: { 種: "タネ", 出: "デ" },
    other: { 種: { "の/に": "シュ", "<名詞>/": "" } }, nan: { "助詞,副助詞,*,*,*,*": ["カ"] }, nani: {},
  };
  const dictionary = { spelled: () => [entry("種", "名詞,一般,*,*", { reading: "シュ", pronunciation: "シュ", accent: "1/1" })] };
  const read = (...given: Found[]) => {
    const words = wordsOf(given, TABLES);
    reread(words, tables, dictionary as never);
    return words.map((word) => `${word.pronunciation}${word.accent}`).join(" ");
  };
  const seed = noun("種", "タネ", "2/2");
  const particle = (text: string, kana: string) =>
    found(text, "助詞,格助詞,一般,*,*,*", { pronunciation: kana, accent: "0/1" });

  it("follow the neighbours, with the accent of the other word", () => {
    expect(read(particle("の", "ノ"), seed, particle("に", "ニ"))).toBe("ノ0 シュ1 ニ0");
    expect(read(seed, particle("に", "ニ"))).toBe("タネ2 ニ0");
  });

  it("stay where the original gives them up", () => {
    const stem = found("出", "動詞,自立,*,*,一段,連用形", { base: "出る", pronunciation: "デ", accent: "1/1" });
    expect(read(stem, particle("の", "ノ"), seed, particle("に", "ニ"))).toBe("デ1 ノ0 タネ2 ニ0");
    expect(read(noun("花", "ハナ", "2/2"), seed)).toBe("ハナ2 タネ2");
  });

  it("tell ナニ from ナン by the word behind", () => {
    const nan = (...after: Found[]) => {
      const words = wordsOf([noun("何", "ナニ", "1/2"), ...after], TABLES);
      what(words, tables);
      return words[0]!.pronunciation;
    };
    const adverbial = (text: string, kana: string) =>
      found(text, "助詞,副助詞,*,*,*,*", { pronunciation: kana, accent: "0/1" });
    expect([nan(), nan(particle("を", "オ")), nan(particle("で", "デ"))]).toEqual(["ナニ", "ナニ", "ナン"]);
    expect([nan(adverbial("と", "ト")), nan(adverbial("か", "カ"))]).toEqual(["ナン", "ナニ"]);
  });
});

describe("Japanese text", () => {
  it.each([
    ["3.5倍、1.25です。", "3点5倍,1点ニー5です."],
    ["1-0で勝った", "1対0で勝った"],
    ["5丁目3-2-1", "5丁目3の2の1"],
    ["10⁴と5m²", "10の4乗と5平方メートル"],
    ["〒123-4567", "郵便番号イチニーサンのヨンゴーロクナナ"],
  ])("%s", (text, wanted) => expect(normalize(clean(text))).toBe(wanted));
});
