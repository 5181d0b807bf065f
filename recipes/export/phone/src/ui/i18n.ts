// The page's words in English and Simplified Chinese.

import en from "./texts/en.json";
import zh from "./texts/zh.json";
import type { PlainError } from "../errors";

export type Locale = "en" | "zh";
export type Key = keyof typeof en;
const TABLES: Record<Locale, Record<Key, string>> = { en, zh };
const CHOICE = "voice.locale";

function usual(): Locale {
  const kept = localStorage.getItem(CHOICE);
  if (kept === "en" || kept === "zh") return kept;
  return navigator.languages.some((own) => own.toLowerCase().startsWith("zh")) ? "zh" : "en";
}

const LANGUAGES: Record<string, string> = { en: "English", zh: "中文", ja: "日本語" };

/** A language's own name. */
export function languageName(code: string): string {
  return LANGUAGES[code] ?? code;
}

let current: Locale = usual();

export function locale(): Locale {
  return current;
}

export function setLocale(chosen: Locale): void {
  current = chosen;
  localStorage.setItem(CHOICE, chosen);
}

/** A text, its `{names}` replaced. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  return TABLES[current][key].replace(/\{(\w+)\}/g, (whole, name: string) =>
    String(values[name] ?? whole));
}

/** What to tell about an error, and what can be done. */
export function sentenceOf(error: PlainError): string {
  const special = `error.${error.code}.${error.detail}` as Key;
  const usualKey = `error.${error.code}` as Key;
  const key = special in en ? special : usualKey in en ? usualKey : "error.unexpected";
  return t(key, { detail: error.detail });
}
