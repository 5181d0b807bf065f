// English abbreviations, acronyms, addresses of the net, and letters glued to digits;
// the rules of voice/text/normalize/english_words.py.

import { after, literal, oneOf, rx, sub, type Match } from "../rx";
import type { EnglishData } from "./data";

const TOP_DOMAINS = "com|org|net|edu|gov|io|ai|app|dev|info|biz|tv|me|co|uk|us|eu|de|fr|it|es|nl|" +
  "ch|at|cn|jp|kr|hk|tw|in|au|ca|ru|br|xyz|online|site|tech";
const FILES = "txt|pdf|docx?|xlsx?|pptx?|csv|json|xml|html?|py|js|ts|css|md|yaml|yml|zip|gz|exe|" +
  "png|jpe?g|gif|svg|mp3|mp4|wav|flac|ogg|onnx|ckpt|pth|log";
// Here \w and \b are those of ASCII, as in the original.
export const ADDRESS = new RegExp(
  "(?:https?|ftp)://[^ \\t\\n\\r\\f\\v<>\"()\\u3000-\\uffff]+" +
  "|\\b[\\w.+-]+@[\\w-]+(?:\\.[\\w-]+)+" +
  `|\\b(?:www\\.)?[A-Za-z0-9-]+(?:\\.[A-Za-z0-9-]+)*\\.(?:${TOP_DOMAINS})\\b` +
  "(?:[/:][^ \\t\\n\\r\\f\\v<>\"()]*)?" +
  `|\\b[\\w-]+\\.(?:${FILES})\\b` +
  "|\\blocalhost(?::\\d+)?(?:/[^ \\t\\n\\r\\f\\v<>\"()]*)?" +
  "|\\b[A-Za-z]:\\\\[^ \\t\\n\\r\\f\\v<>\"|?*]*|(?<![\\w/.])[~.]{0,2}(?:/[\\w.-]+){2,}/?", "g");
const SIGNS: Record<string, string> = {
  ".": "dot", "/": "slash", "-": "dash", _: "underscore", "?": "question mark", "=": "equals",
  "&": "and", "#": "hash", "@": "at", "~": "tilde", ":": "colon", "%": "percent", "+": "plus",
  ",": "comma", ";": "semicolon", "!": "exclamation mark", "*": "star", $: "dollar",
  "\\": "backslash",
};
const STREETS: Record<string, string> = {
  St: "Street", Dr: "Drive", Rd: "Road", Ave: "Avenue",
};
const MAY_END = new Set(("etc. a.m. p.m. A.M. P.M. Inc. Ltd. Corp. Co. Jr. Sr. Ph.D. M.D. Ave. " +
  "Blvd. Rd.").split(" "));
const WORD = /[A-Za-z]+(?:'[A-Za-z]+)*/g;
const STREET = rx("(\\b[A-Z][a-z]+\\s|\\d(?:st|nd|rd|th)\\s)(St|Dr|Rd|Ave)\\.?(?=\\s*(?:[,;:!?]|$|\\.|\\s[a-z]))");
const TITLE = rx("\\b(Dr|Mrs|Mr|Ms|Prof)\\b\\.?(?=\\s|$)");
const OPENS = new RegExp("^\\s+(?:The|They|It|He|She|We|I|In|But|And|This|That|These|There|You|My|" +
  "His|Her|Our|Their|What|When|Why|How|If|As|At|On|For|So|To)\\b(?!\\.)");
const INITIALS = rx("(?<![\\w.])(?![AaPp]\\.[Mm]\\.)(?:[A-Za-z]\\.\\s?){2,}(?!\\w)");
const MIDDLE = rx("(?<![A-Z] )\\b([A-Z])\\.(?=\\s[A-Z][a-z])");

/** URLs, e-mail addresses and file names as they are dictated. */
export function addresses(text: string): string {
  return sub(text, ADDRESS, (match) => {
    const whole = match[0];
    const trimmed = whole.replace(/[.,;:!?/']+$/, "");
    const tail = whole.slice(trimmed.length).replace(/^[/:;']+|[/:;']+$/g, "");
    const words: string[] = [];
    for (const [part] of trimmed.replace(/^(?:https?|ftp):\/\//, "")
      .matchAll(/[A-Za-z]+|\d+|[^A-Za-z\d]/gu)) {
      if (SIGNS[part]) words.push(SIGNS[part]!);
      else if (/^\d+$/.test(part) && part.length > 2) words.push(Array.from(part).join(" "));
      else if (part.toLowerCase() === "www") words.push("W W W");
      else if (/^[A-Za-z]$/.test(part)) words.push(part.toUpperCase());
      else words.push(part);
    }
    return ` ${words.join(" ")}${tail} `;
  });
}

/** Titles, streets, dotted initials and Latin abbreviations written out. */
export function abbreviations(given: string, data: EnglishData): string {
  const { titles, before_number: before, abbreviations: known } = data.words;
  let text = sub(given, STREET, (m) => {
    const ends = after(m).trim() === "" && m[0].endsWith(".");
    return m[1]! + STREETS[m[2]!]! + (ends ? "." : "");
  });
  text = sub(text, rx(`\\b(${Object.keys(titles).map(literal).join("|")})\\.(?=\\s?[A-Z])`),
    (m) => titles[m[1]!]!);
  text = sub(text, TITLE, (m) => titles[m[1]!]!);
  for (const [key, word] of Object.entries(before)) {
    text = text.replace(rx(`(?<!\\w)${literal(key)}\\s?(?=\\d)`), `${word} `);
  }
  text = text.replace(/(?<=\d\smin)\.|(?<=\dmin)\.(?=\s[a-z])/gu, "");
  text = sub(text, rx(`(?<![\\w.])(${oneOf(Object.keys(known))})(?!\\w)`),
    (m) => known[m[1]!]! + fullStop(m));
  text = sub(text, INITIALS, (m) => {
    const letters = m[0].replace(/[^A-Za-z]/g, "").toUpperCase().split("").join(" ");
    return letters + (!after(m).trim() || OPENS.test(after(m)) ? "." : "") + (m[0].endsWith(" ") ? " " : "");
  });
  return text.replace(MIDDLE, "$1");
}

/** The stop of an abbreviation is kept where it ends a sentence too. */
function fullStop(match: Match): string {
  if (!match[1]!.endsWith(".")) return "";
  const rest = after(match);
  if (["Sr.", "Jr."].includes(match[1]!) && !/[A-Z][a-z]+,?\s$/.test(match.input.slice(0, match.index))) {
    return ""; // Sr. Manager
  }
  const next = MAY_END.has(match[1]!) && /^\s+[A-Z][a-z]/.test(rest);
  return next || !rest.trim() ? "." : "";
}

/** Letters of initialisms apart, acronyms that are words and shouted words in lower case. */
export function acronyms(text: string, data: EnglishData): string {
  const long = (text.match(WORD) ?? []).filter((w) => w.length > 1);
  const shouted = long.length >= 3 && long.every(isUpper) &&
    long.filter((w) => data.dictionary.has(w.toLowerCase())).length >= 0.6 * long.length;
  return sub(text, WORD, (m) => (shouted ? shout(m[0], data) : spoken(m[0], data)));
}

const isUpper = (text: string) => /[A-Z]/.test(text) && !/[a-z]/.test(text);
const isLower = (text: string) => /[a-z]/.test(text) && !/[A-Z]/.test(text);
const isTitle = (text: string) => /^[A-Z][a-z]*$/.test(text);

function shout(word: string, data: EnglishData): string {
  const low = word.toLowerCase();
  const listed = data.spelled.has(word) && !data.short.has(word);
  const apart = listed && word.length <= 4 && !["it", "us", "who"].includes(low);
  return apart ? word.split("").join(" ") : low;
}

function spoken(word: string, data: EnglishData): string {
  const at = word.indexOf("'");
  const stem = at < 0 ? word : word.slice(0, at);
  const tail = at < 0 ? "" : word.slice(at);
  if (stem.length < 2 || isLower(stem) || (isTitle(stem) && stem.length > 2)) return word;
  if (isUpper(stem)) return capitals(stem, data) + tail;
  if (isUpper(stem.slice(0, -1)) && stem.endsWith("s") && stem.length > 2) {
    const own = capitals(stem.slice(0, -1), data);
    return (own.includes(" ") ? `${own}'s` : `${own}s`) + tail;
  }
  if (data.dictionary.has(stem.toLowerCase())) return word;
  const parts = stem.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g) ?? [];
  return parts.map((p) => (isUpper(p) && p.length > 1 ? capitals(p, data) : p)).join(" ") + tail;
}

function capitals(word: string, data: EnglishData): string {
  const low = word.toLowerCase();
  const apart = word.split("").join(" ");
  if (data.acronyms.has(word)) return low;
  if (data.spelled.has(word)) return apart;
  if (data.short.has(word)) return low;
  const vowels = /[AEIOUY]/.test(word);
  if (word.length >= 4 && vowels && data.dictionary.has(low)) return low;
  const crowded = /[^AEIOUY]{4}|^[^AEIOUY]{3}/.test(word);
  return word.length >= 6 && vowels && !crowded ? low : apart;
}

/** Space between letters and digits: GPT-4, COVID-19, MP3, 221B, 3D. */
export function glued(text: string): string {
  return text.replace(/(?<=[A-Za-z])-?(?=\d)/g, " ").replace(/(?<=\d)-?(?=[A-Za-z])/g, " ");
}
