// English dates, days of the week and times of day; part of voice/text/normalize/en.py.

import { after, oneOf, rx, sub, type Match } from "../rx";
import { cardinal, decade, ordinal, year } from "./numbers";

const raw = String.raw;
const MONTH = "(January|February|March|April|May|June|July|August|September|October|November|" +
  raw`December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)\b\.?`;
const HALF = raw`(?:\s?([AaPp])\.?[Mm]\b\.?)`;
const WEEKDAYS: Record<string, string> = {
  Mon: "Monday", Tue: "Tuesday", Tues: "Tuesday", Wed: "Wednesday", Thu: "Thursday",
  Thur: "Thursday", Thurs: "Thursday", Fri: "Friday", Sat: "Saturday", Sun: "Sunday",
};
const DAY = oneOf(Object.keys(WEEKDAYS));
const N = {
  dayRange: rx(raw`\b(${DAY})\b\.?\s?[\-–]\s?(${DAY})\b\.?`),
  dayBefore: rx(raw`\b(${DAY})\b\.?(?=,?\s(?:\d|${MONTH}))`),
  dueDate: rx(raw`\b([Oo]n|[Ss]ince|[Uu]ntil|[Dd]ue|[Dd]ated) (1[0-2]|0?[1-9])\/(3[01]|[12]\d|0?[1-9])(?![\d\/])`),
  isoDate: rx(raw`\b(\d{4})([\-\/.])(\d{1,2})\2(\d{1,2})(?=T?\d\d:\d\d|\b)(?:T(?=\d))?`),
  slashDate: rx(raw`\b(\d{1,2})([\/\-])(\d{1,2})\2(\d{4})\b`),
  dottedDate: rx(raw`(?<![\w.])(\d{1,2})\.(\d{1,2})\.([12]\d{3})\b(?!\.\d)`),
  shortDate: rx(raw`(?<![\w\/])(\d{1,2})\/(\d{1,2})\/(\d{2})(?![\w\/])`),
  monthDay: rx(raw`\b${MONTH}\s(\d{1,2})(?:st|nd|rd|th)?(?:,?\s(\d{4}))?(?![\d:\/])\b`),
  dayMonth: rx(raw`\b(\d{1,2})(?:st|nd|rd|th)?\s(?:of\s)?${MONTH}(?:,?\s(\d{4}))?(?!\d)`),
  decades: rx(raw`\b(\d{4})'?s\b`),
  shortDecades: rx(raw`'?\b([2-9]0)'?s\b`),
  clock: rx(raw`\b([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?(?:${HALF})?(?!\d)`),
  hour: rx(raw`\b(1[0-2]|[1-9])${HALF}(?!\w)`),
  half: rx(raw`\b([ap])\.m\.`),
  ratio: rx(raw`\b(\d{1,3}):(\d{1,3})\b(?!:)`),
};

/** Dates, with the names of months that the word lists have. */
export function dates(given: string, months: string[]): string {
  const month = (name: string) =>
    months.find((m) => m.startsWith(name.replace(/\.+$/, "").slice(0, 3)))!;
  const numeric = (y: string, m: string, d: string, whole: string) => {
    if (!(+m >= 1 && +m <= 12 && +d >= 1 && +d <= 31)) return whole;
    return `${months[+m - 1]} ${ordinal(+d)}, ${year(+y)}`;
  };
  const then = (y: string | undefined) => (y ? `, ${year(+y)}` : "");
  let text = sub(given, N.dayRange, (m) => `${WEEKDAYS[m[1]!]} to ${WEEKDAYS[m[2]!]}`);
  text = sub(text, N.dayBefore, (m) => WEEKDAYS[m[1]!]!);
  text = sub(text, N.dueDate, (m) => `${m[1]} ${months[+m[2]! - 1]} ${ordinal(+m[3]!)}`);
  text = sub(text, N.isoDate, (m) => `${numeric(m[1]!, m[3]!, m[4]!, m[0])} `);
  text = sub(text, N.slashDate,
    (m) => numeric(m[4]!, m[1]!, m[3]!, "") || numeric(m[4]!, m[3]!, m[1]!, m[0]));
  text = sub(text, N.dottedDate, (m) => numeric(m[3]!, m[2]!, m[1]!, m[0]));
  text = sub(text, N.shortDate, (m) => {
    const y = (+m[3]! < 50 ? "20" : "19") + m[3];
    return numeric(y, m[1]!, m[2]!, "") || numeric(y, m[2]!, m[1]!, m[0]);
  });
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

/** Times of day, and ratios that look like them. */
export function times(given: string): string {
  let text = sub(given, N.clock, clock);
  text = sub(text, N.hour, (m) => `${cardinal(+m[1]!)} ${m[2]!.toUpperCase()} M${stop(m)}`);
  text = sub(text, N.half, (m) => `${m[1]!.toUpperCase()} M${stop(m)}`);
  text = text.replace(/(?<=[AP] M)\s?[-–]\s?/gu, " to ");
  return text.replace(N.ratio, "$1 to $2");
}

function clock(m: Match): string {
  const hour = +m[1]!;
  const minute = +m[2]!;
  if ((hour === 0 || hour === 24) && !minute && !m[3] && !m[4]) return "midnight";
  let out = cardinal(hour);
  if (minute) out += (minute < 10 ? " oh " : " ") + cardinal(minute);
  else if (!m[4]) out += hour <= 12 ? " o'clock" : " hundred hours";
  if (m[3]) out += ` and ${cardinal(+m[3])} seconds`;
  return out + (m[4] ? ` ${m[4].toUpperCase()} M` : "") + stop(m);
}
