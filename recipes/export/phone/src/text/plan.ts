// Text to pieces that are spoken one after the other; the rules of voice/synth/plan.py.

import { AppError } from "../errors";
import type { Frontend, Phonemes } from "./frontend";
import { settle } from "./language";
import { split } from "./split";

const FIRST_SECONDS = 3;
const CLAUSE_PAUSE = 0.4;

export interface Piece {
  index: number;
  text: string;
  phonemes: Phonemes;
  language: string;
  pause: number;
}

export interface PlanOptions {
  language: string;
  pause: number;
  skipUnknown: boolean;
}

/** Cuts text and finds how it sounds; all of it, so that errors come before any sound. */
export function makePlan(text: string, frontend: Frontend, options: PlanOptions): Piece[] {
  if (!text.trim()) throw new AppError("nothing-to-say");
  const asked = settle(text, options.language);
  const pieces: Piece[] = [];
  for (const part of split(text, 10, FIRST_SECONDS)) {
    let phonemes: Phonemes;
    try {
      phonemes = frontend.phonemize(part, asked, options.skipUnknown);
    } catch (error) {
      if (error instanceof AppError && error.code === "nothing-to-say") continue;
      throw error;
    }
    const pause = options.pause * (endsSentence(part) ? 1 : CLAUSE_PAUSE);
    pieces.push({ index: pieces.length, text: part, phonemes, language: main(phonemes, asked), pause });
  }
  if (!pieces.length) throw new AppError("nothing-to-say");
  pieces.at(-1)!.pause = 0;
  return pieces;
}

function main(phonemes: Phonemes, asked: string): string {
  const sizes = new Map<string, number>();
  for (const { text, language } of phonemes.spans) {
    sizes.set(language, (sizes.get(language) ?? 0) + Array.from(text).length);
  }
  return [...sizes].sort((a, b) => b[1] - a[1])[0]?.[0] ?? asked;
}

function endsSentence(text: string): boolean {
  const end = text.replace(/["'”’」』）)】》 \t]+$/u, "").slice(-1);
  return ".!?。！？…\n".includes(end || "x") || text.endsWith("\n");
}
