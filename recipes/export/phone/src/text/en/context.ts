// English numbers whose reading hangs on the words beside them; the rules of
// voice/text/normalize/english_context.py.

import { rx, sub } from "../rx";
import { cardinal, decimal, digits } from "./numbers";

const raw = String.raw;
const IN_PAIRS = "[Rr]oom|[Ff]light|[Ss]uite|[Aa]partment|[Hh]ighway|[Rr]oute|[Ii]nterstate|[Bb]us|" +
  "[Ee]rror|[Cc]hannel|[Pp]ort|Boeing|Airbus|RTX|GTX|RX";
const ROADS = "Street|Avenue|Road|Boulevard|Drive|Lane|Way|Court|Place|Highway|Parkway|Square";
const CODES = raw`[Zz]ip(?: [Cc]ode)?|ZIP(?: [Cc]ode)?|[Pp]in(?: [Cc]ode)?|PIN(?: [Cc]ode)?|[Pp]ostcode|` +
  "(?:[Pp]ostal |[Aa]rea |[Dd]ial(?:l)?ing |[Aa]ccess )?[Cc]ode|[Pp]asscode|[Pp]assword|" +
  "[Ee]xtension|[Aa]ccount number|[Ss]erial number|[Tt]racking number|[Oo]rder number";
const PARTS = "World War|Part|Chapter|Section|Volume|Act|Scene|Phase|Book|Appendix|Class|Type|Stage";
const ROMAN: Record<string, string> = { I: "one", V: "five", X: "ten" };
const BYTE = raw`(?:25[0-5]|2[0-4]\d|1?\d?\d)`;
const HALF = raw`(?:\s?[AaPp]\.?[Mm]\b\.?)?`;
const CLOCK = raw`(?:1[0-2]|[1-9])(?::[0-5]\d)?`;
const N = {
  machine: rx(raw`(?<![\w.])(${BYTE}(?:\.${BYTE}){3})(?::(\d{1,5}))?(?:\/(\d\d?))?(?![\w.]*\d)`),
  dottedHour: rx(raw`\b(\d{1,2})\.([0-5]\d)(?=\s?[AaPp]\.?[Mm]\b)`),
  hourRange: rx(raw`\b(\d{1,2}:[0-5]\d${HALF})\s?[\-–]\s?(?=\d{1,2}(?::[0-5]\d)?\b)`),
  clockRange: rx(raw`(?<![\w:.\-])(${CLOCK})\s?[\-–]\s?(?=${CLOCK}\s?[AaPp]\.?[Mm]\b)`),
  hoursMinutes: rx(raw`\b(\d+)\s?h(?:rs?|ours?)?\s?(\d+)\s?m(?:ins?)?(?![\w²³])`),
  minutesSeconds: rx(raw`\b(\d+)\s?m(?:in)?\s?(\d+)\s?s(?:ecs?)?(?![\w²³])`),
  code: rx(raw`\b(${CODES})((?:,? (?:is|number|no\.))?:?\s#?)(\d{3,})(?![\d,.]*\d)`),
  pairs: rx(raw`\b(${IN_PAIRS})(\s[A-Z]?)([1-9]\d{2,3})(?![\d,.]*\d)`),
  house: rx(raw`(?<![\d.,])([1-9]\d{2,3})(?=[A-Z]?\s(?:[A-Z]\.?\s|[A-Z][a-z]+\s){1,3}(?:${ROADS})\b)`),
  zip: rx(raw`\b([A-Z]{2})\s(\d{5})(?:-(\d{4}))?(?![\d,.\-]*\d)`),
  screen: rx(raw`\b([1-9]\d{2,3})([pi])\b`),
  part: rx(raw`\b(${PARTS}) ([IVX])\b(?!['’])`),
  inch: rx(raw`(?<![\w'])(\d+(?:\.\d+)?)"(?![\w"])`),
  euros: rx(raw`(€\s?)(\d{1,3}(?:\.\d{3})+)(?:,(\d\d))?(?!\d)`),
  euroCents: rx(raw`(€\s?\d+),(\d\d)(?!\d)`),
};

/** `370` three seventy, `101` one oh one, `1204` twelve oh four, `1600` sixteen hundred. */
export function inPairs(number: string): string {
  const high = Math.floor(Number(number) / 100);
  const low = Number(number) % 100;
  if (low === 0) return high % 10 === 0 ? cardinal(Number(number)) : `${cardinal(high)} hundred`;
  return cardinal(high) + (low < 10 ? " oh " : " ") + cardinal(low);
}

/** `192.168.0.1:80` digit by digit. */
export function machineAddresses(text: string): string {
  return sub(text, N.machine, (m) => {
    const port = m[2] ? ` colon ${digits(m[2])}` : "";
    const mask = m[3] ? ` slash ${cardinal(+m[3])}` : "";
    return m[1]!.split(".").map(digits).join(" dot ") + port + mask;
  });
}

/** Ranges and lengths of time brought into the form that times and units have. */
export function hours(text: string): string {
  return text.replace(N.dottedHour, "$1:$2").replace(N.hourRange, "$1 to ")
    .replace(N.clockRange, "$1 to ").replace(N.hoursMinutes, "$1h $2min")
    .replace(N.minutesSeconds, "$1min $2sec");
}

/** Numbers that name something: rooms, flights, houses, codes, screens, parts of a book. */
export function codes(given: string): string {
  let text = sub(given, N.code, (m) => m[1]! + m[2]! + digits(m[3]!));
  text = sub(text, N.pairs, (m) => `${m[1]}${m[2]!.trimEnd()} ${inPairs(m[3]!)} `);
  text = sub(text, N.house, (m) => inPairs(m[1]!));
  text = sub(text, N.zip, (m) => `${m[1]} ${digits(m[2]!)}${m[3] ? `, ${digits(m[3])}` : ""}`);
  text = sub(text, N.screen, (m) => `${inPairs(m[1]!)} ${m[2]}`);
  return sub(text, N.part, (m) => `${m[1]} ${ROMAN[m[2]!]}`);
}

/** `12"` where the mark closes no quotation. */
export function inches(text: string): string {
  return sub(text, N.inch,
    (m) => (text.slice(0, m.index).split('"').length % 2 ? `${m[1]} inch` : m[0]));
}

/** `€1.234,56` with the marks of English. */
export function continental(text: string): string {
  return sub(text, N.euros, (m) => m[1]! + m[2]!.replaceAll(".", "") + (m[3] ? `.${m[3]}` : ""))
    .replace(N.euroCents, "$1.$2");
}

/** A number with `thousand` and the like behind. */
export function scaled(number: string, scale: string): string {
  return `${decimal(number)} ${scale}`.trim();
}
