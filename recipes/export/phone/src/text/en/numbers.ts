// English number words (American usage, without hyphens); voice/text/normalize/english_numbers.py.

/** A number such as `1,234.50` or `.5`, as a pattern. */
export const NUMBER = "\\d{1,3}(?:,\\d{3})+(?:\\.\\d+)?|\\d+(?:\\.\\d+)?|\\.\\d+";
const ONES = ("zero one two three four five six seven eight nine ten eleven twelve thirteen " +
  "fourteen fifteen sixteen seventeen eighteen nineteen").split(" ");
const TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split(" ");
const SCALES = ["", "thousand", "million", "billion", "trillion", "quadrillion", "quintillion"];
const ORDINALS: Record<string, string> = {
  one: "first", two: "second", three: "third", five: "fifth", eight: "eighth", nine: "ninth",
  twelve: "twelfth",
};

/** Words of a whole number; beyond quintillions digit by digit. */
export function cardinal(given: number | bigint): string {
  let value = BigInt(given);
  if (value < 0n) return `minus ${cardinal(-value)}`;
  if (value >= 1000n ** BigInt(SCALES.length)) return digits(String(value));
  if (value < 1000n) return small(Number(value));
  const groups: string[] = [];
  for (let scale = 0; value; scale++, value /= 1000n) {
    const part = Number(value % 1000n);
    if (part) groups.push(`${small(part)} ${SCALES[scale]}`.trim());
  }
  return groups.reverse().join(" ");
}

function small(value: number): string {
  if (value < 20) return ONES[value]!;
  if (value < 100) {
    return TENS[Math.floor(value / 10)]! + (value % 10 ? ` ${ONES[value % 10]}` : "");
  }
  const rest = value % 100;
  return `${ONES[Math.floor(value / 100)]} hundred${rest ? ` ${small(rest)}` : ""}`;
}

/** Each digit by itself; other characters are left out. */
export function digits(text: string): string {
  return Array.from(text).filter((c) => c >= "0" && c <= "9").map((c) => ONES[Number(c)]).join(" ");
}

/** Words of an ordinal: twenty first. */
export function ordinal(value: number | bigint): string {
  const words = cardinal(value).split(" ");
  let last = words.pop()!;
  if (ORDINALS[last]) last = ORDINALS[last]!;
  else if (last.endsWith("y")) last = `${last.slice(0, -1)}ieth`;
  else last += "th";
  return [...words, last].join(" ");
}

/** A year: nineteen ninety nine, nineteen oh five, two thousand five, twenty twenty four. */
export function year(value: number): string {
  const high = Math.floor(value / 100);
  const low = value % 100;
  const plain = !(value > 1000 && value <= 9999) || (value >= 2000 && value < 2010);
  if (plain || (low === 0 && high % 10 === 0)) return cardinal(value);
  if (low === 0) return `${cardinal(high)} hundred`;
  return cardinal(high) + (low < 10 ? " oh " : " ") + cardinal(low);
}

/** A number such as `1,234.50`, `.5` or `007` (read digit by digit). */
export function decimal(text: string): string {
  const [whole = "", part = ""] = split(text.replaceAll(",", ""));
  let words: string;
  if (whole.length > 1 && whole[0] === "0") words = digits(whole);
  else if (whole.length > 21) words = digits(whole);
  else words = whole ? cardinal(BigInt(whole)) : "zero";
  return part ? `${words} point ${digits(part)}` : words;
}

function split(text: string): [string, string] {
  const dot = text.indexOf(".");
  return dot < 0 ? [text, ""] : [text.slice(0, dot), text.slice(dot + 1)];
}

/** Words of a fraction: three fourths, one half, five over one hundred one. */
export function fraction(over: number, under: number): string {
  if (under === 0 || under === 1 || under > 100) return `${cardinal(over)} over ${cardinal(under)}`;
  let name = under === 2 ? "half" : ordinal(under);
  if (over !== 1) name = under === 2 ? "halves" : `${name}s`;
  return `${cardinal(over)} ${name}`;
}

/** `1990` or `90` as a decade: nineteen nineties, nineties. */
export function decade(value: number): string {
  const words = value > 99 ? year(value) : cardinal(value);
  return words.endsWith("y") ? `${words.slice(0, -1)}ies` : `${words}s`;
}
