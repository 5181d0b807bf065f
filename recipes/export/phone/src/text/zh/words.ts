// Mandarin words and their parts of speech, as jieba finds them: the likeliest path through the
// dictionary's words, and a hidden Markov model for runs of characters that it has no word for.

const LEAST = -3.14e100;
const PLAIN = /^[\u4e00-\u9fd5]+$/u;
const RUNS = /[\u4e00-\u9fd5a-zA-Z0-9+#&._]+|[^\u4e00-\u9fd5a-zA-Z0-9+#&._]+/gu;

type Table = Record<string, number>;
export interface Hmm {
  start: Table;
  trans: Record<string, Table>;
  emit: Record<string, Table>;
  states?: Record<string, string[]>;
}

export type Tagged = [word: string, tag: string];

export class WordFinder {
  /** Frequency times 64 plus the tag's number; 0 for the start of a word that is none. */
  private readonly words = new Map<string, number>();
  private readonly tags: string[] = [];
  private readonly logTotal: number;

  constructor(lines: string, private readonly plain: Hmm, private readonly tagged: Hmm) {
    const tags = new Map<string, number>();
    let total = 0;
    for (const line of lines.split("\n")) {
      if (!line) continue;
      const [word = "", count = "0", tag = "x"] = line.split(" ");
      let number = tags.get(tag);
      if (number === undefined) {
        number = this.tags.push(tag) - 1;
        tags.set(tag, number);
      }
      this.words.set(word, Number(count) * 1024 + number);
      total += Number(count);
      for (let end = 1; end < word.length; end++) {
        const head = word.slice(0, end);
        if (!this.words.has(head)) this.words.set(head, -1);
      }
    }
    this.logTotal = Math.log(total);
  }

  private frequency(word: string): number {
    const found = this.words.get(word) ?? -1;
    return found < 0 ? 0 : Math.floor(found / 1024);
  }

  private tag(word: string): string {
    const found = this.words.get(word) ?? -1;
    return found < 0 ? "x" : this.tags[found % 1024]!;
  }

  /** Words with their parts of speech. */
  cut(text: string): Tagged[] {
    const out: Tagged[] = [];
    for (const [run] of text.matchAll(RUNS)) {
      if (!/^[\u4e00-\u9fd5]/u.test(run) && !/^[a-zA-Z0-9+#&._]/.test(run)) {
        for (const ch of run) out.push([ch, "x"]);
        continue;
      }
      this.path(run, (word) => out.push([word, this.tag(word)]), (buffer) => {
        out.push(...this.unknown(buffer));
      });
    }
    return out;
  }

  /** The shorter words that a word is made of, and itself. */
  parts(word: string): string[] {
    const out: string[] = [];
    const add = (own: string) => {
      const characters = Array.from(own);
      for (const size of [2, 3]) {
        for (let i = 0; characters.length > size && i + size <= characters.length; i++) {
          const part = characters.slice(i, i + size).join("");
          if (this.frequency(part)) out.push(part);
        }
      }
      out.push(own);
    };
    for (const [run] of word.matchAll(RUNS)) {
      if (!/^[\u4e00-\u9fd5a-zA-Z0-9+#&._]/u.test(run)) {
        for (const ch of run) add(ch);
        continue;
      }
      this.path(run, add, (buffer) => {
        if (PLAIN.test(buffer)) for (const [own] of split(buffer, this.plainPath(buffer))) add(own);
        else add(buffer);
      });
    }
    return out;
  }

  /** The likeliest path; runs of two or more single characters that are no word go to `other`. */
  private path(run: string, word: (own: string) => void, other: (buffer: string) => void): void {
    const ends = this.route(run);
    let buffer = "";
    const flush = () => {
      if (buffer.length > 1 && !this.frequency(buffer)) other(buffer);
      else for (const ch of buffer) word(ch);
      buffer = "";
    };
    for (let at = 0; at < run.length;) {
      const end = ends[at]!;
      if (end - at === 1) {
        buffer += run[at];
      } else {
        flush();
        word(run.slice(at, end));
      }
      at = end;
    }
    flush();
  }

  /** The end of the best word from each place. */
  private route(run: string): number[] {
    const ends = new Array<number>(run.length);
    const scores = new Array<number>(run.length + 1).fill(0);
    for (let at = run.length - 1; at >= 0; at--) {
      let best = -Infinity;
      const consider = (end: number) => {
        const count = this.frequency(run.slice(at, end)) || 1;
        const score = Math.log(count) - this.logTotal + scores[end]!;
        if (score >= best) {
          best = score;
          ends[at] = end;
        }
      };
      let found = false;
      for (let end = at + 1; end <= run.length; end++) {
        const entry = this.words.get(run.slice(at, end));
        if (entry === undefined) break;
        if (entry < 1024) continue;
        found = true;
        consider(end);
      }
      if (!found) consider(at + 1);
      scores[at] = best;
    }
    return ends;
  }

  private unknown(buffer: string): Tagged[] {
    const out: Tagged[] = [];
    for (const [run] of buffer.matchAll(/[\u4e00-\u9fd5]+|[^\u4e00-\u9fd5]+/gu)) {
      if (PLAIN.test(run)) out.push(...split(run, this.taggedPath(run)));
      else for (const [x] of run.matchAll(/[.0-9]+|[a-zA-Z0-9]+|[^.a-zA-Z0-9]+/gu)) {
        out.push([x, /^[.0-9]/.test(x) ? "m" : /^[a-zA-Z0-9]/.test(x) ? "eng" : "x"]);
      }
    }
    return out;
  }

  /** States B M E S of (T) characters, by Viterbi's search. */
  private plainPath(text: string): string[] {
    const before: Record<string, string> = { B: "ES", M: "MB", S: "SE", E: "BM" };
    const { start, trans, emit } = this.plain;
    const states = ["B", "M", "E", "S"];
    const emits = (y: string, ch: string) => emit[y]?.[ch] ?? LEAST;
    let scores = new Map(states.map((y) => [y, (start[y] ?? LEAST) + emits(y, text[0]!)]));
    const back: Map<string, string>[] = [];
    for (let t = 1; t < text.length; t++) {
      const next = new Map<string, number>();
      const from = new Map<string, string>();
      for (const y of states) {
        let best: [number, string] | null = null;
        for (const y0 of before[y]!) {
          const score = scores.get(y0)! + (trans[y0]?.[y] ?? LEAST) + emits(y, text[t]!);
          if (!best || score > best[0] || (score === best[0] && y0 > best[1])) best = [score, y0];
        }
        next.set(y, best![0]);
        from.set(y, best![1]);
      }
      scores = next;
      back.push(from);
    }
    const last = scores.get("E")! > scores.get("S")! ? "E" : "S";
    return trace(back, last);
  }

  /** States such as `B/n`; of each character only those that it is known in. */
  private taggedPath(text: string): string[] {
    const { start, trans, emit, states = {} } = this.tagged;
    const all = Object.keys(trans);
    const emits = (y: string, ch: string) => emit[y]?.[ch] ?? LEAST;
    let scores = new Map((states[text[0]!] ?? all).map((y) =>
      [y, (start[y] ?? LEAST) + emits(y, text[0]!)]));
    const back: Map<string, string>[] = [];
    for (let t = 1; t < text.length; t++) {
      const previous = [...scores.keys()].filter((x) => Object.keys(trans[x] ?? {}).length);
      const reachable = new Set(previous.flatMap((x) => Object.keys(trans[x]!)));
      let allowed = (states[text[t]!] ?? all).filter((y) => reachable.has(y));
      if (!allowed.length) allowed = reachable.size ? [...reachable] : all;
      const next = new Map<string, number>();
      const from = new Map<string, string>();
      for (const y of allowed) {
        let best: [number, string] | null = null;
        for (const y0 of previous) {
          const score = scores.get(y0)! + (trans[y0]![y] ?? -Infinity) + emits(y, text[t]!);
          if (!best || score > best[0] || (score === best[0] && y0 > best[1])) best = [score, y0];
        }
        if (!best) continue;
        next.set(y, best[0]);
        from.set(y, best[1]);
      }
      scores = next;
      back.push(from);
    }
    let last: [number, string] | null = null;
    for (const [y, score] of scores) {
      if (!last || score > last[0] || (score === last[0] && y > last[1])) last = [score, y];
    }
    return trace(back, last?.[1] ?? "S/x");
  }
}

function trace(back: Map<string, string>[], last: string): string[] {
  const out = [last];
  for (let t = back.length - 1; t >= 0; t--) out.unshift(back[t]!.get(out[0]!)!);
  return out;
}

/** Words out of the states of their characters. */
function split(text: string, states: string[]): Tagged[] {
  const out: Tagged[] = [];
  const tag = (state: string) => state.split("/")[1] ?? "x";
  let begin = 0;
  let next = 0;
  states.forEach((state, i) => {
    if (state[0] === "B") begin = i;
    else if (state[0] === "E") out.push([text.slice(begin, (next = i + 1)), tag(state)]);
    else if (state[0] === "S") out.push([text.slice(i, (next = i + 1)), tag(state)]);
  });
  if (next < text.length) out.push([text.slice(next), tag(states[next]!)]);
  return out;
}
