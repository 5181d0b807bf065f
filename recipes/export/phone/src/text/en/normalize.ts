// English text as it is spoken; the rules of voice/text/normalize/en.py, in the same order.

import { oneOf, rx, sub, type Match } from "../rx";
import * as context from "./context";
import type { EnglishData } from "./data";
import { dates, times } from "./dates";
import { money } from "./money";
import { cardinal, decimal, digits, fraction, NUMBER, ordinal, year } from "./numbers";
import * as words from "./spelling";

const raw = String.raw;
const DOTTED = "min|mins|sec|secs|hrs?|lbs?|oz|ft|yd|mi|cm|mm|km|kg";
const N = {
  tag: /<\/?[A-Za-z][^<>]*>/gu,
  micro: rx(raw`(?<=[\w.])\s*μm\b`),
  telephone: rx(raw`(?<![\w.,\/\-])(?:\+\d{1,3}[\s.\-]?)?(?:\(\d{2,4}\)[\s.\-]?|\d{1,4}[.\-])` +
    raw`(?:\d{2,4}[\s.\-])*\d{4}(?![\w\/\-])|(?<![\w.])\+\d[\d\s\-]{7,}\d` +
    raw`|(?<![\w.,\-])\d{3}\s\d{3}\s\d{4}(?![\w.,\-]*\d)|(?<![\w.,\-])0\d{8,}(?!\w)` +
    raw`|(?<![\w.])0\d{2,4}\s\d{3,4}\s\d{3,4}(?!\w)|(?<![\w.])0\d{4}\s\d{6}(?!\w)` +
    raw`|(?<![\w.])\d{4}(?:[ \-]\d{4}){3}(?![\w.,\-]*\d)`),
  vanity: rx(raw`\b1-([89])00-(?=[A-Z]{3})`),
  extension: rx(raw`(?<=\d{3}[ .\-]\d{4})\s?x\s?(?=\d{2,5}\b)`),
  chain: rx(raw`(?<![\w.,\/\-])\d+(?:-\d+){2,}(?![\w\/\-]|[.,]\d)`),
  feet: rx(raw`(?<!\w)(\d+)'\s?(\d+)"`),
  inches: rx(raw`(\d\s?(?:ft|feet|foot)\.?\s?\d+)\s?in\b\.?|(?<![\w.])(\d+)(?:in\b|\sin\.(?=\s[a-z]))`),
  degrees: rx(raw`\bdegrees ([CF])\b(?!')`),
  dotted: rx(raw`(\d\s?(?:${DOTTED}))\.(?=\s[a-z])`),
};
const ROMAN: Record<string, number> = {
  II: 2, III: 3, IV: 4, VI: 6, VII: 7, VIII: 8, IX: 9, XI: 11, XII: 12, XIII: 13, XIV: 14, XV: 15,
  XVI: 16, XVII: 17, XVIII: 18, XIX: 19, XX: 20, XXI: 21,
};
const REGNAL = rx(`\\b([A-Z][a-z]+)\\s(${oneOf(Object.keys(ROMAN))})\\b`);
const KINGS = new Set(("Henry Louis Charles George Edward James William Richard Elizabeth " +
  "Catherine Napoleon Pius John Paul Benedict Gregory Philip Frederick Alexander Nicholas Peter " +
  "Francis Leo").split(" "));

/** Text as it is spoken; placeholder characters (private use area) stay where they are. */
export function normalize(given: string, data: EnglishData): string {
  let text = letters(given, data).replace(N.tag, " ");
  text = words.addresses(context.machineAddresses(text));
  text = dates(words.abbreviations(text, data), data.words.months);
  text = times(context.hours(text));
  text = telephones(money(context.continental(text), data));
  text = numbers(units(context.codes(text), data));
  return tidy(words.acronyms(signs(text, data), data), data);
}

function letters(text: string, data: EnglishData): string {
  const { greek, letters: plain } = data.words;
  let out = "";
  // A letter and its accents are taken apart; signs such as ≠ stay whole.
  const apart = text.replace(N.micro, " micrometers").replace(/\p{L}/gu, (ch) => ch.normalize("NFD"));
  for (const ch of apart) {
    const low = ch.toLowerCase();
    // Of these marks Python gives the combining class 0 to a few enclosing and spacing ones alone.
    if (/^\p{Mn}$/u.test(ch)) continue;
    if (greek[low]) out += ` ${greek[low]} `;
    else if (plain[low]) out += ch === low ? plain[low] : capitalized(plain[low]!);
    else out += ch;
  }
  return out;
}

const capitalized = (text: string) => text[0]!.toUpperCase() + text.slice(1).toLowerCase();

function telephones(given: string): string {
  let text = given.replace(N.vanity, "1 $100 ").replace(N.extension, " extension ");
  text = sub(text, N.telephone, (m) => {
    const groups = m[0].match(/\d+/g)!;
    const count = groups.join("").length;
    if (count < 7 || count > 16 || (groups.length === 2 && groups[0]!.length === 4)) return m[0];
    return (m[0].startsWith("+") ? "plus " : "") + groups.map(digits).join(", ");
  });
  // 978-3-16 and 4-4-2 are neither ranges nor differences.
  return sub(text, N.chain, (m) => {
    const groups = m[0].split("-");
    return groups.some((g) => g.length > 2) ? groups.map(digits).join(", ") : groups.map(decimal).join(" ");
  });
}

function units(given: string, data: EnglishData): string {
  const table = data.words.units;
  const names = oneOf(Object.keys(table));
  let text = sub(given, N.feet, (m) => `${m[1]} feet ${m[2]} inches`);
  text = sub(context.inches(text), N.inches, (m) => `${m[1] ?? m[2]} inches`);
  text = text.replace(/(?<=\d)\s?°\s(?=[CF]\b)/gu, "°");
  text = sub(text, N.degrees, (m) => `degrees ${m[1] === "C" ? "Celsius" : "Fahrenheit"}`);
  text = text.replace(N.dotted, "$1");
  text = text.replace(
    rx(`(${NUMBER})\\s?[\\-–~]\\s?(${NUMBER})(\\s?(?:${names})(?![A-Za-z²³]))`), "$1 to $2$3");
  const pattern = rx(`(?:(?<![\\w)\\]])(-))?(?<![\\w.])(${NUMBER})[\\s\\-]?(${names})` +
    "(?:\\/([a-z]+))?(?![A-Za-z\\d²³])");
  return sub(text, pattern, (m) => {
    const [one, many] = table[m[3]!]!;
    const per = m[4] && table[m[4]] ? ` per ${table[m[4]]![0]}` : "";
    return `${m[1] ? "minus " : ""}${decimal(m[2]!)} ${m[2] === "1" ? one : many}${per} `;
  });
}

const RULES: [RegExp, string | ((m: Match) => string)][] = [
  [rx("\\b24\\/7\\b"), "twenty four seven"],
  [rx("\\b9\\/11\\b"), "nine eleven"],
  [rx(raw`\b50\/50\b`), "fifty fifty"],
  [rx(raw`\b[vV](?=\d+\.\d)`), "version "],
  [rx("(?<![\\d\\/.])(\\d{1,3})\\s(\\d{1,3})\\/(\\d{1,3})(?![\\d\\/])"),
    (m) => `${cardinal(+m[1]!)} and ${fraction(+m[2]!, +m[3]!)}`],
  [rx("(?<![\\w\\/.,])(\\d{1,3})\\/\\1(?![\\w\\/])"), (m) => `${m[1]} out of ${m[1]}`],
  [rx("(?<![\\w\\/.,])(\\d{1,4})\\/(\\d{1,4})(?![\\w\\/])"), (m) => fraction(+m[1]!, +m[2]!)],
  [rx("(?<![\\d.])(\\d+(?:\\.\\d+){2,})(?![\\w.]*\\d)"),
    (m) => m[1]!.split(".").map(decimal).join(" point ")],
  [rx("\\b(\\d[\\d,]*)(?:st|nd|rd|th)\\b"),
    (m) => (m[1]!.length < 20 ? ordinal(BigInt(m[1]!.replaceAll(",", ""))) : m[1]!)],
  [/#(?=\d)/g, "number "],
  [rx(raw`(?<![\w.,])(\d+(?:\.\d+)?)[eE]([+\-]?\d+)\b`), (m) => `${m[1]} times 10^${m[2]}`],
  [rx(raw`(?<![\w.,])(\d\d?(?: \d{3}){2,}|\d{3}(?: \d{3})* 000)(?![\d,.]*\d)`), (m) => m[0].replaceAll(" ", "")],
  [/(?<=\d[kKmM])\s?[-–]\s?(?=\d)/gu, " to "],
  [rx(raw`'0(?=[1-9]\b)`), "oh "],
  [rx("\\b([Cc]all|[Dd]ial|[Pp]hone|[Tt]ext) (\\d11|999|112)\\b"), (m) => `${m[1]} ${digits(m[2]!)}`],
  [rx("\\b([Ii]n|[Yy]ear|[Ss]ince|[Uu]ntil|[Bb]efore|[Aa]fter) (10\\d\\d)\\b(?![,.]\\d)"),
    (m) => `${m[1]} ${year(+m[2]!)}`],
  [rx("(?<![\\w\\-])(\\d{4})\\s?[\\-–]\\s?(\\d{2})(?![\\d\\-])"), (m) => `${m[1]} to ${m[2]}`],
  [/(?<=\d)\s?[–~]\s?(?=\d)|(?<=\d)-(?=\d)/gu, " to "],
  [/(?<=\d)\s(?:[*×x])\s(?=\d)|(?<=\d)[*×](?=\d)/gu, " times "],
  [/(?<=\d)x(?=\d)/g, " by "],
  [rx("(?<=\\d)x\\b"), " times"],
  [/(?<=\d)\s-\s(?=\d)/gu, " minus "],
  [rx("(?<=[\\w)])\\s*<\\s*(?=[\\-\\d])"), " is less than "],
  [rx("(?<=[\\w)])\\s*>\\s*(?=[\\-\\d])"), " is greater than "],
  [/(?<=\d)\s\/\s(?=\d)/gu, " divided by "],
  [/(?:^|(?<=[\s(=,:^]))-(?=\.?\d)/gu, "minus "],
  [/(?:^|(?<=[.!?\n]\s))(\d{1,2})[.)](?=\s[A-Z])/gu, (m) => `${m[1]},`],
];

function numbers(given: string): string {
  let text = given;
  for (const [pattern, made] of RULES) {
    text = sub(text, pattern, typeof made === "string" ? () => made : made);
  }
  text = sub(words.glued(text), REGNAL, (m) => {
    const value = ROMAN[m[2]!]!;
    return KINGS.has(m[1]!) ? `${m[1]} the ${ordinal(value)}` : `${m[1]} ${cardinal(value)}`;
  });
  text = sub(text, /(?<![\d,.])(1[1-9]\d\d|20\d\d)(?![\d]|,\d{3}|\.\d)/g, (m) => ` ${year(+m[1]!)} `);
  return sub(text, rx(NUMBER), (m) => ` ${decimal(m[0])} `);
}

function signs(given: string, data: EnglishData): string {
  let text = given.replace(/#(?=[A-Za-z])/g, " hashtag ");
  text = sub(text, rx("\\b([A-Z]{1,2})&([A-Z])\\b"), (m) => `${m[1]!.split("").join(" ")} and ${m[2]}`);
  text = text.replace(/\s'n'\s/gu, " and ").replace(rx("\\b([CF])#"), "$1 sharp");
  text = text.replace(/(?<=[A-Za-z])\s?\/\s?(?=[A-Za-z])/gu, " ");
  text = text.replaceAll("&amp;", "&").replaceAll("&", " and ");
  for (const [sign, word] of Object.entries(data.words.signs)) {
    text = text.replaceAll(sign, ` ${word} `);
  }
  return text;
}

/** Marks unified, runs of them collapsed to the first, everything else removed. */
export function tidy(given: string, data: EnglishData): string {
  let text = given.replace(/[，、]/gu, ",").replace(/[。．｡]/gu, ".");
  text = text.replace(/\s+[-–—]+\s+|—+|--+/gu, ", ");
  text = text.replace(rx("\\s*\\(\\s*|\\s*\\)\\s*(?=\\w)"), ", ");
  text = text.replace(/[;:；：]/gu, ",").replace(/…|\.{2,}/gu, ".");
  text = sub(text, /([!?,.])?\s*\n\s*/gu, (m) => `${m[1] ?? "."} `);
  text = sub(text, /[A-Za-z]+(?:-[A-Za-z]+)+/g,
    (m) => (data.isCompound(m[0]) ? m[0] : m[0].replaceAll("-", " ")));
  text = text.replace(/[^A-Za-z'!?,.\ue000-\uf8ff \-]|(?<![A-Za-z])-|-(?![A-Za-z])/gu, " ");
  text = text.replace(rx("(?<![A-Za-z])'(?!(?:em|til|cause|tis|twas)\\b)|'(?![A-Za-z])(?<!s')"), " ");
  text = text.replace(/\s*([!?,.])[\s!?,.]*/gu, "$1 ");
  return text.replace(/\s+/gu, " ").trim().replace(/^, /, "");
}
