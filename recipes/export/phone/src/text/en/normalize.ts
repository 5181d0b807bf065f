// English text as it is spoken; the rules of voice/text/normalize/en.py, in the same order.

import { after, literal, oneOf, rx, sub, type Match } from "../rx";
import type { EnglishData } from "./data";
import { cardinal, decade, decimal, digits, fraction, ordinal, year } from "./numbers";
import * as words from "./spelling";

const NUMBER = "\\d{1,3}(?:,\\d{3})+(?:\\.\\d+)?|\\d+(?:\\.\\d+)?|\\.\\d+";
const MONTH = "(January|February|March|April|May|June|July|August|September|October|November|" +
  "December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)\\b\\.?";
const SCALE: Record<string, string> = {
  k: "thousand", K: "thousand", m: "million", M: "million", mn: "million", b: "billion",
  B: "billion", bn: "billion", tn: "trillion", T: "trillion",
};
const HALF = "(?:\\s?([AaPp])\\.?[Mm]\\b\\.?)";
const N = {
  tag: /<\/?[A-Za-z][^<>]*>/gu,
  micro: rx("(?<=[\\w.])\\s*μm\\b"),
  isoDate: rx("\\b(\\d{4})([-\\/.])(\\d{1,2})\\2(\\d{1,2})(?=T?\\d\\d:\\d\\d|\\b)(?:T(?=\\d))?"),
  slashDate: rx("\\b(\\d{1,2})\\/(\\d{1,2})\\/(\\d{4})\\b"),
  monthDay: rx(`\\b${MONTH}\\s(\\d{1,2})(?:st|nd|rd|th)?(?:,?\\s(\\d{4}))?(?![\\d:\\/])\\b`),
  dayMonth: rx(`\\b(\\d{1,2})(?:st|nd|rd|th)?\\s(?:of\\s)?${MONTH}(?:,?\\s(\\d{4}))?(?!\\d)`),
  decades: rx("\\b(\\d{4})s\\b"),
  shortDecades: rx("'?\\b([2-9]0)s\\b"),
  clock: rx(`\\b([01]?\\d|2[0-4]):([0-5]\\d)(?::([0-5]\\d))?(?:${HALF})?(?!\\d)`),
  hour: rx(`\\b(1[0-2]|[1-9])${HALF}(?!\\w)`),
  half: rx("\\b([ap])\\.m\\."),
  ratio: rx("\\b(\\d{1,3}):(\\d{1,3})\\b(?!:)"),
  telephone: rx("(?<![\\w.,\\/\\-])(?:\\+\\d{1,3}[\\s.\\-]?)?(?:\\(\\d{2,4}\\)[\\s.\\-]?|\\d{1,4}[.\\-])" +
    "(?:\\d{2,4}[\\s.\\-])*\\d{4}(?![\\w\\/\\-])|(?<![\\w.])\\+\\d[\\d\\s\\-]{7,}\\d" +
    "|(?<![\\w.,\\-])0\\d{8,}(?!\\w)|(?<![\\w.])0\\d{2,4}\\s\\d{3,4}\\s\\d{3,4}(?!\\w)"),
  feet: rx("(?<!\\w)(\\d+)'\\s?(\\d+)\""),
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
  text = words.abbreviations(words.addresses(text), data);
  text = telephones(money(times(dates(text, data)), data));
  text = numbers(units(text, data));
  return tidy(words.acronyms(signs(text, data), data), data);
}

function letters(text: string, data: EnglishData): string {
  const { greek, letters: plain } = data.words;
  let out = "";
  for (const ch of text.replace(N.micro, " micrometers").normalize("NFD")) {
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

function dates(given: string, data: EnglishData): string {
  const { months } = data.words;
  const month = (name: string) =>
    months.find((m) => m.startsWith(name.replace(/\.+$/, "").slice(0, 3)))!;
  const numeric = (y: string, m: string, d: string, whole: string) => {
    if (!(+m >= 1 && +m <= 12 && +d >= 1 && +d <= 31)) return whole;
    return `${months[+m - 1]} ${ordinal(+d)}, ${year(+y)}`;
  };
  const then = (y: string | undefined) => (y ? `, ${year(+y)}` : "");
  let text = sub(given, N.isoDate, (m) => `${numeric(m[1]!, m[3]!, m[4]!, m[0])} `);
  text = sub(text, N.slashDate,
    (m) => numeric(m[3]!, m[1]!, m[2]!, "") || numeric(m[3]!, m[2]!, m[1]!, m[0]));
  text = sub(text, N.monthDay, (m) => `${month(m[1]!)} ${ordinal(+m[2]!)}${then(m[3])}`);
  text = sub(text, N.dayMonth, (m) => `the ${ordinal(+m[1]!)} of ${month(m[2]!)}${then(m[3])}`);
  text = text.replaceAll("the the ", "the ").replaceAll("The the ", "The ");
  text = sub(text, N.decades, (m) => decade(+m[1]!));
  return sub(text, N.shortDecades, (m) => decade(+m[1]!));
}

/** `p.m.` may end a sentence. */
function stop(match: Match): string {
  return match[0].endsWith(".") && /^(?:\s*$|\s+[A-Z][a-z])/.test(after(match)) ? "." : "";
}

function times(given: string): string {
  let text = sub(given, N.clock, (m) => {
    const hour = +m[1]!;
    const minute = +m[2]!;
    let out = cardinal(hour);
    if (minute) out += (minute < 10 ? " oh " : " ") + cardinal(minute);
    else if (!m[4]) out += hour <= 12 ? " o'clock" : " hundred hours";
    if (m[3]) out += ` and ${cardinal(+m[3])} seconds`;
    return out + (m[4] ? ` ${m[4].toUpperCase()} M` : "") + stop(m);
  });
  text = sub(text, N.hour, (m) => `${cardinal(+m[1]!)} ${m[2]!.toUpperCase()} M${stop(m)}`);
  text = sub(text, N.half, (m) => `${m[1]!.toUpperCase()} M${stop(m)}`);
  text = text.replace(/(?<=[AP] M)\s?[-–]\s?/gu, " to ");
  return text.replace(N.ratio, "$1 to $2");
}

function money(given: string, data: EnglishData): string {
  const table = data.words.currencies;
  const symbols = oneOf(Object.keys(table).filter((s) => s !== "¢"));
  const scale = "(?:\\s?(k|K|m|M|mn|b|B|bn|tn|T|thousand|million|billion|trillion)\\b)?";
  const amount = (currency: string, written: string, size: string, negative: boolean) => {
    const [one, many, small, smalls] = table[currency]!;
    const number = written.replaceAll(",", "");
    const sign = negative ? "minus " : "";
    if (size) return `${sign}${decimal(number)} ${SCALE[size] ?? size} ${many}`;
    const [whole = "", part = ""] = number.split(".");
    if (!small || (part && part.length !== 2)) {
      return `${sign}${decimal(number)} ${number === "1" ? one : many}`;
    }
    const big = BigInt(whole || 0);
    const little = Number(part || 0);
    const names: string[] = [];
    if (big || !little) names.push(`${cardinal(big)} ${big === 1n ? one : many}`);
    if (little) names.push(`${cardinal(little)} ${little === 1 ? small : smalls}`);
    return sign + names.join(" and ");
  };
  const text = sub(given, rx(`(?<![A-Za-z])(-)?(${symbols})\\s?(${NUMBER})${scale}`),
    (m) => amount(m[2]!, m[3]!, m[4] ?? "", Boolean(m[1])));
  const codes = Object.keys(table).filter((s) => /^[A-Za-z]+$/.test(s) || "€£¥¢".includes(s));
  return sub(text, rx(`(?<![\\w.])(${NUMBER})${scale}\\s?(${codes.map(literal).join("|")})(?![A-Za-z])`),
    (m) => amount(m[3]!, m[1]!, m[2] ?? "", false));
}

function telephones(text: string): string {
  return sub(text, N.telephone, (m) => {
    const groups = m[0].match(/\d+/g)!;
    const count = groups.join("").length;
    if (count < 7 || count > 15 || (groups.length === 2 && groups[0]!.length === 4)) return m[0];
    return (m[0].startsWith("+") ? "plus " : "") + groups.map(digits).join(", ");
  });
}

function units(given: string, data: EnglishData): string {
  const table = data.words.units;
  const names = oneOf(Object.keys(table));
  let text = sub(given, N.feet, (m) => `${m[1]} feet ${m[2]} inches`);
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
  [rx("(?<![\\d\\/.])(\\d{1,3})\\s(\\d{1,3})\\/(\\d{1,3})(?![\\d\\/])"),
    (m) => `${cardinal(+m[1]!)} and ${fraction(+m[2]!, +m[3]!)}`],
  [rx("(?<![\\w\\/.,])(\\d{1,3})\\/\\1(?![\\w\\/])"), (m) => `${m[1]} out of ${m[1]}`],
  [rx("(?<![\\w\\/.,])(\\d{1,4})\\/(\\d{1,4})(?![\\w\\/])"), (m) => fraction(+m[1]!, +m[2]!)],
  [rx("(?<![\\w.])(\\d+(?:\\.\\d+){2,})(?![\\w.]*\\d)"),
    (m) => m[1]!.split(".").map(decimal).join(" point ")],
  [rx("\\b(\\d[\\d,]*)(?:st|nd|rd|th)\\b"),
    (m) => (m[1]!.length < 20 ? ordinal(BigInt(m[1]!.replaceAll(",", ""))) : m[1]!)],
  [/#(?=\d)/g, "number "],
  [rx("\\b([Cc]all|[Dd]ial|[Pp]hone|[Tt]ext) (\\d11|999|112)\\b"), (m) => `${m[1]} ${digits(m[2]!)}`],
  [rx("\\b([Ii]n|[Yy]ear|[Ss]ince|[Uu]ntil|[Bb]efore|[Aa]fter) (10\\d\\d)\\b(?![,.]\\d)"),
    (m) => `${m[1]} ${year(+m[2]!)}`],
  [rx("(?<![\\w\\-])(\\d{4})\\s?[\\-–]\\s?(\\d{2})(?![\\d\\-])"), (m) => `${m[1]} to ${m[2]}`],
  [/(?<=\d)\s?[–~]\s?(?=\d)|(?<=\d)-(?=\d)/gu, " to "],
  [/(?<=\d)\s(?:[*×x])\s(?=\d)|(?<=\d)[*×x](?=\d)/gu, " times "],
  [rx("(?<=\\d)x\\b"), " times"],
  [/(?<=\d)\s-\s(?=\d)/gu, " minus "],
  [rx("(?<=[\\w)])\\s*<\\s*(?=[\\-\\d])"), " is less than "],
  [rx("(?<=[\\w)])\\s*>\\s*(?=[\\-\\d])"), " is greater than "],
  [/(?<=\d)\s\/\s(?=\d)/gu, " divided by "],
  [/(?:^|(?<=[\s(=,:]))-(?=\.?\d)/gu, "minus "],
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
