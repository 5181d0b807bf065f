// Regular expressions with Python's meaning of \w and \b: letters and digits of every script.

const WORD = "\\p{L}\\p{N}_";
const EDGE = `(?:(?<=[${WORD}])(?![${WORD}])|(?<![${WORD}])(?=[${WORD}]))`;

/** A Unicode expression of `source`, with `\w`, `\W`, `\b` and named groups as Python has them. */
export function rx(given: string, flags = "g"): RegExp {
  const source = given.replace(/\(\?P</g, "(?<").replace(/\(\?P=(\w+)\)/g, "\\k<$1>");
  let out = "";
  let inClass = false;
  for (let i = 0; i < source.length; i++) {
    const ch = source[i]!;
    if (ch === "\\") {
      const next = source[++i]!;
      if (next === "w") out += inClass ? WORD : `[${WORD}]`;
      else if (next === "W") out += `[^${WORD}]`;
      else if (next === "b" && !inClass) out += EDGE;
      else out += ch + next;
      continue;
    }
    if (ch === "[" && !inClass) inClass = true;
    else if (ch === "]" && inClass) inClass = false;
    out += ch;
  }
  return new RegExp(out, `${flags}u`);
}

/** `text` as a literal inside a Unicode expression. */
export function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

/** Alternatives, the longest first. */
export function oneOf(words: Iterable<string>): string {
  return [...words].sort((a, b) => b.length - a.length).map(literal).join("|");
}

/** Groups of a match that may be missing, as empty strings. */
export type Match = RegExpExecArray;

/** As Python's `re.sub` with a function; the whole text is at hand as `match.input`. */
export function sub(text: string, pattern: RegExp, make: (match: Match) => string): string {
  let out = "";
  let at = 0;
  for (const found of text.matchAll(pattern)) {
    const match = found as Match;
    out += text.slice(at, match.index) + make(match);
    at = match.index + match[0].length;
  }
  return out + text.slice(at);
}

/** What follows a match. */
export function after(match: Match): string {
  return match.input.slice(match.index + match[0].length);
}
