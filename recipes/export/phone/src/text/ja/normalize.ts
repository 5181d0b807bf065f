// Japanese text as it is spoken; the rules of voice/text/normalize/ja.py, in the same order.

import { after, literal, oneOf, rx, sub } from "../rx";
import units from "../units.json";

const NUMBER = "\\d+(?:\\.\\d+)?";
const KANA = "ゼロ イチ ニー サン ヨン ゴー ロク ナナ ハチ キュー".split(" ");
const JA: Record<string, string> = units.ja;
const CURRENCIES: Record<string, string> = {
  "¥": "円", $: "ドル", "US$": "ドル", "€": "ユーロ", "£": "ポンド", "₩": "ウォン",
};
const SIGNS: Record<string, string> = {
  "+": "プラス", "×": "かける", "*": "かける", "÷": "割る", "=": "イコール", "±": "プラスマイナス",
  "<": "小なり", ">": "大なり", "≒": "約", "≈": "約",
};
const MARKS = new Map<string, string>([
  ...Array.from("，、；：;:・", (c): [string, string] => [c, ","]),
  ["。", "."], ["！", "!"], ["？", "?"], ["\n", "."], ["—", "-"], ["–", "-"], ["～", "ー"],
  ["〜", "ー"], ["~", "ー"], ["゠", "-"],
  ...Array.from("「」『』\"'《》〈〉【】〔〕[]", (c): [string, string] => [c, "「"]),
  ...Array.from("()（）", (c): [string, string] => [c, ","]),
]);

/** Each digit by itself, in kana. */
function digits(text: string): string {
  return Array.from(text).filter((c) => c >= "0" && c <= "9").map((c) => KANA[+c]).join("");
}

/** Text as it is spoken; placeholder characters (private use area) stay. */
export function normalize(given: string): string {
  let text = given.replace(/(?<=\d),(?=\d{3}(?!\d))/g, "");
  text = measured(telephones(dates(text)));
  text = sub(text, /(\d+)\.(\d+)/g, (m) => {
    // Before a counter the last digit stays a numeral, so that the two are joined.
    const counted = /^\p{L}/u.test(after(m));
    const last = m[2]!.slice(-1);
    return `${m[1]}点${digits(m[2]!.slice(0, -1))}${counted ? last : digits(last)}`;
  });
  text = sub(text, /(?<!\d)(\d{17,}|0\d+)(?!\d)/g, (m) => digits(m[1]!));
  return tidy(text);
}

function dates(given: string): string {
  let text = sub(given, /(?<!\d)(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d)/g,
    (m) => `${m[1]}年${+m[3]!}月${+m[4]!}日`);
  text = sub(text, /(?<!\d)([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?(?!\d)/g, (m) =>
    `${+m[1]!}時${m[2] !== "00" || m[3] ? `${+m[2]!}分` : ""}${m[3] ? `${+m[3]}秒` : ""}`);
  return text.replace(/(?<!\d)0(?=\d[月日時分秒])/gu, "");
}

function telephones(given: string): string {
  const text = sub(given, /(?:〒|(郵便番号[はがも:\s]*))\s?(\d{3})-(\d{4})(?!\d)/gu,
    (m) => `${m[1] || "郵便番号"}${digits(m[2]!)}の${digits(m[3]!)}`);
  return sub(text,
    /(?<![\d.-])(?:\+81[- ]?)?\d{1,5}-\d{2,4}-\d{3,4}(?!\d)|(?<!\d)0\d{8,10}(?!\d)|\+\d{1,3}(?:[ -]\d{1,4}){2,4}(?!\d)/g,
    (m) => (m[0].startsWith("+") ? "プラス" : "") + m[0].match(/\d+/g)!.map(digits).join(","));
}

function measured(given: string): string {
  let text = sub(given, rx(`(${oneOf(Object.keys(CURRENCIES))})\\s?(${NUMBER})([万億千百]*)`),
    (m) => `${m[2]}${m[3]}${CURRENCIES[m[1]!]}`);
  text = text.replace(/(\d+)[-–](\d+)(?=で(?:勝|敗|負|引)|の(?:勝利|敗|逆転|引))/gu, "$1対$2");
  text = sub(text, /(?<![\d-])\d+(?:-\d+){2,}(?![\d-])|(?<=[町村市区目台内通条])\d+-\d+(?![\d-])/gu,
    (m) => m[0].replaceAll("-", "の"));
  text = text.replace(/(?<=[\d%℃度円時日月年人])\s?[~〜～–]\s?(?=\d)|(?<=\d)-(?=\d)/gu, "から");
  text = text.replace(/(?<![\d/])(\d{1,4})\/(\d{1,4})(?![\d/])/g, "$2分の$1");
  text = text.replace(/(?<![\dA-Za-z)])-(?=\d)/g, "マイナス");
  text = sub(text, rx(`(?<=\\d)\\s?(${oneOf(Object.keys(JA))})(?![A-Za-z²³])`), (m) => JA[m[1]!]!);
  text = text.replace(/(?<=\d):(?=\d)/g, "対");
  text = text.replace(/\^(-?\d+)/g, "の$1乗").replaceAll("²", "の二乗").replaceAll("³", "の三乗");
  for (const [sign, word] of Object.entries(SIGNS)) {
    text = text.replace(rx(`(?<=\\w)\\s?${literal(sign)}\\s?(?=[\\w])`), word);
  }
  return text.replaceAll("%", "パーセント").replaceAll("‰", "パーミル").replaceAll("&", "アンド")
    .replaceAll("@", "アット");
}

/** Marks unified, runs of them collapsed to the first; quotes become `「`. */
function tidy(given: string): string {
  let text = given.replace(/\.{2,}|。{2,}|・{2,}/gu, "…");
  text = Array.from(text, (ch) => MARKS.get(ch) ?? ch).join("");
  text = text.replace(/^々+/u, "").replace(/ー{2,}/gu, "ー");
  text = text.replace(
    /[^\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{3ffff}A-Za-z0-9\ue000-\uf8ff「!?…,.\-]/gu,
    "");
  text = text.replace(/「*([!?…,.\-])[「!?…,.\-]*/gu, "$1");
  return text.replace(/「+/gu, "「").replace(/^「+|「+$/gu, "").replace(/^,/, "");
}
