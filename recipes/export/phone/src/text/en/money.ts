// English amounts of money; part of voice/text/normalize/en.py.

import { literal, oneOf, rx, sub } from "../rx";
import * as context from "./context";
import type { EnglishData } from "./data";
import { cardinal, decimal, NUMBER } from "./numbers";

const raw = String.raw;
const SCALES: Record<string, string> = {
  k: "thousand", K: "thousand", m: "million", M: "million", mn: "million", b: "billion",
  B: "billion", bn: "billion", tn: "trillion", T: "trillion",
};
const SCALE = raw`(?:\s?(k|K|m|M|mn|b|B|bn|tn|T|thousand|million|billion|trillion)\b)?`;
const NO_NOUN = "and|or|to|for|in|on|at|a|is|was|per|from|with|more|less|each|if|when|of|but|by|as";
const CENTS = /\.\d\d$/;

/** Amounts, their ranges, and those that measure what follows (a five dollar bill). */
export function money(given: string, { words }: EnglishData): string {
  const table = words.currencies;
  const amount = (currency: string, written: string, size = "", negative = false, measure = false) => {
    const [one, many, small, smalls] = table[currency]!;
    const name = measure ? one : many;
    const number = written.replaceAll(",", "");
    const sign = negative ? "minus " : "";
    if (size) return `${sign}${decimal(number)} ${SCALES[size] ?? size} ${name}`;
    const [whole = "", part = ""] = number.split(".");
    if (!small || (part && part.length !== 2)) {
      return `${sign}${decimal(number)} ${number === "1" ? one : name}`;
    }
    const big = BigInt(whole || 0);
    const little = Number(part || 0);
    const names: string[] = [];
    if (big || !little) names.push(`${cardinal(big)} ${big === 1n ? one : name}`);
    if (little) names.push(`${cardinal(little)} ${little === 1 ? small : smalls}`);
    return sign + names.join(" and ");
  };
  const symbols = oneOf(Object.keys(table).filter((s) => s !== "¢"));
  const range = rx(raw`(?<![A-Za-z\-])(${symbols})\s?(${NUMBER})${SCALE}\s?[\-–]\s?\1?` +
    raw`(${NUMBER})${SCALE}(?!\d|[\-–]\d)`);
  let text = sub(given, range, (m) => {
    const low = m[2]!;
    const first = CENTS.test(low) || CENTS.test(m[4]!) ? amount(m[1]!, low, m[3])
      : context.scaled(low, SCALES[m[3] ?? ""] ?? m[3] ?? "");
    return `${first} to ${amount(m[1]!, m[4]!, m[5])}`;
  });
  const measure = rx(raw`\b([Aa]n? )(${symbols})\s?(\d+(?:,\d{3})*(?:\.\d)?)${SCALE}` +
    raw`(?=[\s\-](?!(?:${NO_NOUN})\b)[a-z])`);
  text = sub(text, measure, (m) => m[1]! + amount(m[2]!, m[3]!, m[4], false, true));
  text = sub(text, rx(raw`(?<![A-Za-z])(-)?(${symbols})\s?(${NUMBER})${SCALE}`),
    (m) => amount(m[2]!, m[3]!, m[4], Boolean(m[1])));
  const codes = Object.keys(table).filter((s) => /^\p{L}+$/u.test(s) || "$€£¥¢".includes(s))
    .map(literal).join("|");
  text = sub(text, rx(raw`(?<![\w.])(${NUMBER})${SCALE}\s?[\-–]\s?(?=(?:${NUMBER})${SCALE}\s?(?:${codes})(?!\w))`),
    (m) => `${m[1]} ${m[2] ?? ""} to `);
  return sub(text, rx(raw`(?<![\w.])(${NUMBER})${SCALE}\s?(${codes})(?![A-Za-z])`),
    (m) => amount(m[3]!, m[1]!, m[2]));
}
