// Long texts in pieces that a model speaks well; the method `auto` of voice/text/split.py.

import { literal } from "./rx";
import { SCRIPTS } from "./language";

const CLOSERS = Array.from("\"'”’」』）)】》]}").map(literal).join("");
const ABBREVIATION = new RegExp(
  "(?:(?<![\\p{L}\\p{N}_])(?:Dr|Mr|Mrs|Ms|Prof|Rev|Gen|Col|Capt|Lt|Sgt|Sen|Rep|Gov|St|Mt|No|Nos|" +
  "Fig|Vol|vs|cf|approx|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec|Jr|Sr|e\\.g|i\\.e|p|pp)|" +
  "(?<![\\p{L}\\p{N}_])[A-Z])\\.$", "u");
const STOP = new RegExp(
  `[。！？!?…]+[。！？!?….]*[${CLOSERS}]*\\s*|\\.+[${CLOSERS}]*(?=\\s|$)\\s*|\\n\\s*`, "gu");
const PAUSE = new RegExp(
  `[，、；：—]+[${CLOSERS}]*\\s*|[,;:][${CLOSERS}]*\\s+|\\s[-–]+\\s+`, "gu");
const SPACE = /\s+/gu;
const INLINE = /\{[^{}\n]*\}/gu;
const SECONDS = { letter: 0.068, han: 0.22, kana: 0.13, digit: 0.3, pause: 0.2, stop: 0.4 };

/** About how long a text takes to speak at normal speed, in seconds. */
export function estimateSeconds(text: string): number {
  let total = 0;
  for (const ch of text.replace(INLINE, (m) => m.split(":")[0]!)) {
    if (/[a-z]/i.test(ch)) total += SECONDS.letter;
    else if (SCRIPTS.han.test(ch) || SCRIPTS.hangul.test(ch)) total += SECONDS.han;
    else if (SCRIPTS.kana.test(ch)) total += SECONDS.kana;
    else if (/[\p{Nd}\p{No}%$€£¥]/u.test(ch)) total += SECONDS.digit;
    else if ("。！？!?…\n".includes(ch)) total += SECONDS.stop;
    else if ("，、；：,;:—.".includes(ch)) total += SECONDS.pause;
    else if (/\p{L}/u.test(ch)) total += SECONDS.letter;
  }
  return total;
}

/** Pieces of a text in order; joined they are the text. */
export function split(text: string, maxSeconds = 10, firstSeconds?: number): string[] {
  const pieces = packed(text, maxSeconds);
  if (firstSeconds !== undefined && pieces[0] && estimateSeconds(pieces[0]) > firstSeconds) {
    let first = piecesOf(pieces[0], firstSeconds, 0)[0]!;
    const clause = at(PAUSE, at(STOP, pieces[0], true)[0]!)[0]!;
    if (first.length < clause.length && estimateSeconds(clause) <= 2 * firstSeconds) first = clause;
    const rest = pieces[0].slice(first.length);
    pieces.splice(0, 1, ...(rest ? [first, rest] : [first]));
  }
  return withWords(pieces);
}

/** Pieces of at most so many seconds; short sentences stay together up to half of it. */
function packed(text: string, most: number): string[] {
  const out: string[] = [];
  let current = "";
  let length = 0;
  for (const piece of piecesOf(text, most, 0)) {
    const seconds = estimateSeconds(piece);
    if (current && (length + seconds > most || length > most / 2 || current.endsWith("\n\n"))) {
      out.push(current);
      [current, length] = ["", 0];
    }
    current += piece;
    length += seconds;
  }
  return current ? [...out, current] : out;
}

/** Parts of a text, each ending with a mark; never inside an inline pronunciation. */
function at(marks: RegExp, text: string, abbreviations = false): string[] {
  const kept = Array.from(text.matchAll(INLINE), (m) => [m.index, m.index + m[0].length] as const);
  const out: string[] = [];
  let start = 0;
  for (const match of text.matchAll(marks)) {
    if (kept.some(([a, b]) => a < match.index && match.index < b)) continue;
    const before = text.slice(Math.max(0, match.index - 8), match.index + 1);
    if (abbreviations && match[0].trim() === "." && ABBREVIATION.test(before)) continue;
    out.push(text.slice(start, match.index + match[0].length));
    start = match.index + match[0].length;
  }
  if (start < text.length) out.push(text.slice(start));
  return out;
}

/** Ten characters at a time, not inside a word of Latin letters shorter than that. */
function tens(text: string): string[] {
  const kept = Array.from(text.matchAll(INLINE), (m) => [m.index, m.index + m[0].length] as const);
  const out: string[] = [];
  let start = 0;
  for (let i = 1; i < text.length; i++) {
    const latin = text.charCodeAt(i - 1) < 128 && text.charCodeAt(i) < 128;
    const inside = kept.some(([a, b]) => a < i && i < b) || /[\udc00-\udfff]/.test(text[i]!);
    if (i - start >= (latin ? 40 : 10) && !inside) {
      out.push(text.slice(start, i));
      start = i;
    }
  }
  out.push(text.slice(start));
  return out;
}

const LEVELS = [
  (text: string) => at(STOP, text, true), (text: string) => at(PAUSE, text),
  (text: string) => at(SPACE, text), tens,
];

/** Sentences; where one is too long its clauses, then words, then parts, packed again. */
function piecesOf(text: string, most: number, level: number): string[] {
  const out: string[] = [];
  for (const part of LEVELS[level]!(text)) {
    if (estimateSeconds(part) <= most || level + 1 === LEVELS.length) {
      out.push(part);
      continue;
    }
    let current = "";
    let length = 0;
    for (const smaller of piecesOf(part, most, level + 1)) {
      const seconds = estimateSeconds(smaller);
      if (current && length + seconds > most) {
        out.push(current);
        [current, length] = ["", 0];
      }
      current += smaller;
      length += seconds;
    }
    if (current) out.push(current);
  }
  return out;
}

/** Pieces without a word go with the one before, or after at the start. */
function withWords(pieces: string[]): string[] {
  const out: string[] = [];
  let head = "";
  for (const piece of pieces) {
    if (/[\p{L}\p{N}]/u.test(piece)) {
      out.push(head + piece);
      head = "";
    } else if (out.length) {
      out[out.length - 1] += piece;
    } else {
      head += piece;
    }
  }
  return out;
}
