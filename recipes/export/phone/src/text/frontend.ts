// Text to the phoneme symbols of a model: cleaning, inline pronunciations, languages,
// normalisation, pronunciation, ids; the order of voice/text/frontend.py.

import { AppError } from "../errors";
import { clean, isLetter } from "./clean";
import { mark, type Marked } from "./inline";
import { SCRIPTS, spans, unknown, type Language, type Span } from "./language";
import { codes } from "./zh/normalize";

const FEW = 4;
const LONGEST = 200_000;
const SILENT = new Set(["UNK", "空", "停"]);
const SPOKEN_SIGNS = new Set("%&$€£¥@+=");

export interface SymbolTable {
  symbols: string[];
  classes: number[];
  marks: string[];
}

export interface Spoken {
  normalized: string;
  symbols: string[];
}

/** Cleaned text of one language (with placeholders) to sounds. */
export interface Speaker {
  speak(text: string, marked: Marked): Spoken;
  hasReading?(ch: string): boolean;
}

export interface Phonemes {
  normalized: string;
  symbols: string[];
  ids: number[];
  spans: Span[];
  skipped: string;
}

/** Reads a language's data from the bundle. */
export type OpenSpeaker = (language: Language) => Promise<Speaker>;

export class Frontend {
  private readonly rows: Map<string, number>;
  private readonly speakers: Partial<Record<Language, Speaker>> = {};

  constructor(
    readonly table: SymbolTable, private readonly open: OpenSpeaker,
    readonly languages: readonly Language[],
  ) {
    this.rows = new Map(table.symbols.map((symbol, row) => [symbol, row]));
  }

  /** Reads the data of the languages that a text can be in; the others stay where they are. */
  async ensure(text: string, language: string): Promise<void> {
    const plain = clean(text);
    const wanted: Record<Language, boolean> = {
      en: true, zh: SCRIPTS.han.test(plain) || language === "zh",
      ja: SCRIPTS.kana.test(plain) || language === "ja" || !this.speaks("zh"),
    };
    for (const own of this.languages) {
      if (wanted[own]) this.speakers[own] ??= await this.open(own);
    }
  }

  /** What a text sounds like; `skipUnknown` leaves out characters that have no sound. */
  phonemize(text: string, language = "auto", skipUnknown = false): Phonemes {
    if (text.length > LONGEST) throw new AppError("too-long", String(LONGEST));
    if (language !== "auto" && !this.speaks(language)) {
      throw new AppError("language", language);
    }
    const marked = mark(clean(text));
    const skipped = this.checked(marked, skipUnknown);
    const chinese = SCRIPTS.han.test(marked.text) && !SCRIPTS.kana.test(marked.text) &&
      !SCRIPTS.hangul.test(marked.text);
    if (chinese && (language === "auto" || language === "zh")) marked.text = codes(marked.text);
    const kinds = new Map([...marked.given].map(([k, g]) => [k, g.language]));
    const found = spans(marked.text, language, kinds);
    const spoken = found.map((span) => this.speaker(span.language).speak(span.text, marked));
    let symbols = this.joined(spoken);
    if (!symbols.some((s) => /^[\p{L}\p{N}]+$/u.test(s) && !SILENT.has(s))) {
      throw new AppError("nothing-to-say");
    }
    if (symbols.length < FEW && found.every((s) => s.language === "en")) symbols = [",", ...symbols];
    const other = this.rows.get("UNK") ?? 0;
    return {
      normalized: spoken.map((s) => s.normalized).filter(Boolean).join(" "), symbols,
      ids: symbols.map((s) => this.rows.get(s) ?? other), spans: found, skipped,
    };
  }

  private speaks(language: string): boolean {
    return this.languages.some((own) => own === language);
  }

  private speaker(language: Language): Speaker {
    const found = this.speakers[language];
    if (!found) throw new AppError("language", language);
    return found;
  }

  /** Refuses or removes characters without a sound, and texts without words. */
  private checked(marked: Marked, skipUnknown: boolean): string {
    for (const given of marked.given.values()) {
      if (!this.speaks(given.language)) throw new AppError("language", given.language);
    }
    const given = new Set(marked.given.keys());
    const odd = unknown(marked.text, given, this.languages,
      (ch) => this.speakers.zh?.hasReading?.(ch) ?? false);
    if (odd && !skipUnknown) throw new AppError("unknown-text", Array.from(odd).slice(0, 20).join(""));
    if (odd) marked.text = Array.from(marked.text).filter((ch) => !odd.includes(ch)).join("");
    const spoken = Array.from(marked.text).some((ch) =>
      isLetter(ch) || SPOKEN_SIGNS.has(ch) || given.has(ch));
    if (!spoken) throw new AppError("nothing-to-say");
    return odd;
  }

  /** Symbols of all spans; of marks that meet at a border the first stays. */
  private joined(spoken: Spoken[]): string[] {
    const marks = new Set(this.table.marks);
    const out: string[] = [];
    for (const { symbols } of spoken) {
      let from = 0;
      while (from < symbols.length && out.length && marks.has(symbols[from]!) && marks.has(out.at(-1)!)) {
        from++;
      }
      out.push(...symbols.slice(from));
    }
    return out;
  }
}
