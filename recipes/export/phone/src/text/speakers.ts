// The front-ends of a bundle's languages, made from its text data.

import { Tensors } from "../core/safetensors";
import { EnglishData, type EnglishWords, type Homographs } from "./en/data";
import { EnglishSounds } from "./en/g2p";
import { Graphones } from "./en/model";
import { normalize as normalizeEnglish } from "./en/normalize";
import { Frontend, type Speaker, type SymbolTable } from "./frontend";
import { Dictionary } from "./ja/dictionary";
import { JapaneseSounds } from "./ja/g2p";
import { normalize as normalizeJapanese } from "./ja/normalize";
import type { NumberTables } from "./ja/numbers";
import type { ReadingTables } from "./ja/readings";
import { MandarinSounds, type ReadingRules } from "./zh/g2p";
import { normalize as normalizeMandarin } from "./zh/normalize";
import { WordFinder, type Hmm } from "./zh/words";

/** Reads a file of the bundle by its path; files ending in `.gz` come expanded. */
export type ReadFile = (path: string) => Promise<Uint8Array>;

const text = async (read: ReadFile, path: string) => new TextDecoder().decode(await read(path));
const json = async <T>(read: ReadFile, path: string) => JSON.parse(await text(read, path)) as T;

/** The front-end of a bundle, for the languages that it has data for. */
export async function openFrontend(read: ReadFile, languages: readonly string[]): Promise<Frontend> {
  const table = await json<SymbolTable>(read, "text/symbols.json");
  const spoken = languages.filter((own): own is keyof typeof SPEAKERS => own in SPEAKERS);
  return new Frontend(table, (language) => SPEAKERS[language](read), spoken);
}

async function english(read: ReadFile): Promise<Speaker> {
  const data = new EnglishData(
    await text(read, "text/en/dictionary.txt.gz"),
    await json<Homographs>(read, "text/en/homographs.json"),
    await json<EnglishWords>(read, "text/en/words.json"),
    new Graphones(Tensors.read(await read("text/en/g2p.safetensors.gz"), "text/en/g2p.safetensors.gz")),
  );
  const sounds = new EnglishSounds(data);
  return {
    speak(own, marked) {
      const normalized = normalizeEnglish(own, data);
      const given = new Map([...marked.given].filter(([, g]) => g.language === "en")
        .map(([k, g]) => [k, g.sounds]));
      return { normalized: marked.plain(normalized), symbols: sounds.phonemes(normalized, given) };
    },
  };
}

async function mandarin(read: ReadFile): Promise<Speaker> {
  const words = new WordFinder(
    await text(read, "text/zh/words.txt.gz"),
    await json<Hmm>(read, "text/zh/hmm_words.json.gz"),
    await json<Hmm>(read, "text/zh/hmm_tags.json.gz"),
  );
  const lists = await json<Record<"neutral" | "not_neutral" | "erhua", string[]>>(
    read, "text/zh/neutral.json");
  const sounds = new MandarinSounds(
    words, await text(read, "text/zh/characters.txt.gz"), await text(read, "text/zh/phrases.txt.gz"),
    {
      neutral: new Set(lists.neutral), not_neutral: new Set(lists.not_neutral),
      erhua: new Set(lists.erhua),
    },
    await json<ReadingRules>(read, "text/zh/readings.json"),
  );
  return {
    speak(own, marked) {
      const [normalized, given] = marked.spelled(normalizeMandarin(own));
      return { normalized, symbols: sounds.phonemes(normalized, given) };
    },
    hasReading: (ch) => sounds.hasReading(ch),
  };
}

async function japanese(read: ReadFile): Promise<Speaker> {
  const numbers = await json<NumberTables>(read, "text/ja/numbers.json.gz");
  const readings = await json<ReadingTables>(read, "text/ja/readings.json.gz");
  const sounds = new JapaneseSounds(await Dictionary.open(read), numbers, readings);
  return {
    speak(own, marked) {
      const normalized = normalizeJapanese(own);
      const kana = Array.from(normalized, (ch) => marked.given.get(ch)?.sounds[0] ?? ch).join("");
      return { normalized: marked.plain(normalized), symbols: sounds.phonemes(kana) };
    },
  };
}

/** Languages that the app can read; what else a bundle has data for is not offered. */
const SPEAKERS = { en: english, zh: mandarin, ja: japanese };
