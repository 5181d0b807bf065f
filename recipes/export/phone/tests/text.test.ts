import { describe, expect, it } from "vitest";
import { clean } from "../src/text/clean";
import { EnglishData } from "../src/text/en/data";
import { normalize as english } from "../src/text/en/normalize";
import { cardinal, decimal, fraction, ordinal, year } from "../src/text/en/numbers";
import { mark } from "../src/text/inline";
import { looksChinese, settle, spans } from "../src/text/language";
import { estimateSeconds, split } from "../src/text/split";
import { integer, normalize as mandarin } from "../src/text/zh/normalize";
import { splitSyllable } from "../src/text/zh/pinyin";
import { applySandhi, type Word } from "../src/text/zh/sandhi";
import words from "../../../../voice/text/data/en_words.json";
import homographs from "../../../../voice/text/data/en_homographs.json";
import lists from "../../../../voice/text/data/zh_neutral.json";
import en from "../src/ui/texts/en.json";
import zh from "../src/ui/texts/zh.json";

const DATA = new EnglishData("test T EH1 S T\nwell-known W EH1 L N OW1 N\n", homographs as never, words as never,
  { predict: () => [] } as never);

describe("English", () => {
  it.each([
    ["It costs $12.50, or about 11 euros.", "It costs twelve dollars and fifty cents, or about eleven euros."],
    ["Meet me at 6:30 p.m. on March 3, 2021.", "Meet me at six thirty P M on March third, twenty twenty one."],
    ["Dr. Lee is 1.85 m tall.", "Doctor Lee is one point eight five meters tall."],
    ["Call 555-0142!", "Call five five five, zero one four two!"],
    ["3/4 of the 1990s, -5 degrees", "three fourths of the nineteen nineties, minus five degrees"],
    ["See www.example.com/a", "See W W W dot example dot com slash A"],
    ["Henry VIII & NASA's CPUs", "Henry the eighth and nasa's C P U's"],
    ["a well-known, self-made café", "a well-known, self made cafe"],
    ["Room 204, flight 370, zip code 90210.", "Room two oh four, flight three seventy, zip code nine zero two one zero."],
    ["$20-$30, a $5 bill, 9-5:30 pm", "twenty to thirty dollars, a five dollar bill, nine to five thirty P M"],
    ["See 192.168.0.1 and C:\\a.txt.", "See one nine two dot one six eight dot zero dot one and C colon backslash A dot txt."],
    ["Mon-Fri, 3/4/21, 4-4-2 at 10⁶", "Monday to Friday, March fourth, twenty twenty one, four four two at ten to the power of six"],
  ])("%s", (text, wanted) => expect(english(clean(text), DATA)).toBe(wanted));

  it("reads numbers", () => {
    expect([cardinal(1005), cardinal(10n ** 30n).length > 100, ordinal(21), year(1905), year(2000)])
      .toEqual(["one thousand five", true, "twenty first", "nineteen oh five", "two thousand"]);
    expect([decimal("007"), decimal(".5"), fraction(1, 2), fraction(3, 2)])
      .toEqual(["zero zero seven", "zero point five", "one half", "three halves"]);
  });
});

describe("Mandarin", () => {
  it.each([
    ["今天是2021年3月3日，9:30出发。", "今天是二零二一年三月三日,九点半出发."],
    ["价格￥299，打8折，约1/3。", "价格二百九十九元,打八折,约三分之一."],
    ["请拨打13800138000。", "请拨打幺三八零零幺三八零零零."],
    ["气温-5℃，湿度75%。", "气温零下五度,湿度百分之七十五."],
    ["2个苹果和2米布", "两个苹果和两米布"],
  ])("%s", (text, wanted) => expect(mandarin(clean(text))).toBe(wanted));

  it("counts", () => {
    expect(["10", "12", "105", "1005", "20000", "100000000", "10100"].map(integer))
      .toEqual(["十", "十二", "一百零五", "一千零五", "两万", "一亿", "一万零一百"]);
  });

  it("knows syllables", () => {
    expect(splitSyllable("zhong4")).toEqual({ initial: "zh", final: "ong", tone: 4 });
    expect(splitSyllable("yan2")).toEqual({ initial: "y", final: "En", tone: 2 });
    expect(splitSyllable("xue2")).toEqual({ initial: "x", final: "ve", tone: 2 });
    expect(splitSyllable("si")).toEqual({ initial: "s", final: "i0", tone: 5 });
    expect(splitSyllable("hello")).toBeNull();
  });

  it("changes tones", () => {
    const sets = { neutral: new Set(lists.neutral), not_neutral: new Set(lists.not_neutral), erhua: new Set(lists.erhua) };
    const word = (text: string, ...tones: number[]): Word => ({ characters: Array.from(text), tag: "n", tones });
    const tones = (...given: Word[]) => applySandhi(given, (x) => [x], sets);
    expect(tones(word("你好", 3, 3))).toEqual([2, 3]);
    expect(tones(word("不", 4), word("对", 4))).toEqual([2, 4]);
    expect(tones(word("一", 1), word("天", 1))).toEqual([4, 1]);
    expect(tones(word("东西", 1, 1))).toEqual([1, 5]);
  });
});

describe("languages", () => {
  it("tells runs apart", () => {
    const found = spans("我用GPT-4写了3个test。", "auto").map((s) => [s.text, s.language]);
    expect(found).toEqual([["我用", "zh"], ["GPT-", "en"], ["4写了3个", "zh"], ["test。", "en"]]);
    expect(spans("今日は本です", "auto")).toEqual([{ text: "今日は本です", language: "ja" }]);
    expect(spans("TシャツはAIと4K。", "ja").map((s) => [s.text, s.language]))
      .toEqual([["Tシャツは", "ja"], ["AI", "en"], ["と4K。", "ja"]]);
    expect(spans("请看https://example.com/a?b=1。好", "auto").map((s) => s.language)).toEqual(["zh", "en", "zh"]);
    expect([looksChinese("这"), looksChinese("本")]).toEqual([true, false]);
    expect([settle("今日は。東京。"), settle("你好")].map(String)).toEqual(["ja", "auto"]);
  });

  it("reads pronunciations in braces, and refuses others", () => {
    const marked = mark("{重:chong2}要 {GIF:JH IH1 F} {x: y}");
    expect(marked.text).toBe("\ue000要 \ue001 {x: y}");
    expect(marked.spelled("\ue000要")).toEqual(["重要", new Map([[0, "chong2"]])]);
    expect(() => mark("{重:hello9}")).toThrow("bad-inline");
  });
});

describe("pieces", () => {
  it("joined are the text, and none is much too long", () => {
    const text = "Dr. Lee came at 9. He sat down, took a book, and read for hours! 今天很好。".repeat(6);
    const pieces = split(text, 10, 3);
    expect(pieces.join("")).toBe(text);
    expect(Math.max(...pieces.map(estimateSeconds))).toBeLessThan(11);
    expect(estimateSeconds(pieces[0]!)).toBeLessThan(6);
    expect(pieces.some((piece) => piece.endsWith("Dr. "))).toBe(false);
  });
});

describe("the page's words", () => {
  it("are the same keys with the same blanks in both languages", () => {
    expect(Object.keys(zh)).toEqual(Object.keys(en));
    const blanks = (text: string) => (text.match(/\{\w+\}/g) ?? []).filter((x) => !/GIF/.test(x)).sort();
    for (const key of Object.keys(en) as (keyof typeof en)[]) {
      expect([key, blanks(zh[key])]).toEqual([key, blanks(en[key])]);
    }
  });
});
