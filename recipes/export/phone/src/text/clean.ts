// Characters made plain before anything is read: compatibility forms, quotes, invisible marks.

const TABLE = new Map<string, string>();
const put = (from: string, to: string) => {
  for (const ch of from) TABLE.set(ch, to);
};
put("‘’‛ʼʻ´`′＇", "'");
put("“”„‟«»″〝〞〟＂", '"');
put("‐‑‒−﹣－", "-");
put("―⸺⸻─━", "—");
put("⁄∕", "/");
put("⋯︙⋮", "…");
put("\u2028\u2029\x0b\x0c\x85\r", "\n");
put("\t", " ");
const KEPT = new Set("…²³℃℉™®©");
const INVISIBLE = /^[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}]$/u;

const translate = (text: string) => Array.from(text, (ch) => TABLE.get(ch) ?? ch).join("");

function fold(ch: string): string {
  if (KEPT.has(ch)) return ch;
  const folded = ch.normalize("NFKC");
  return folded.includes("⁄") ? ` ${folded.replaceAll("⁄", "/")}` : folded;
}

/** Compatibility forms folded (NFKC), quotes and dashes unified, invisible marks removed. */
export function clean(text: string): string {
  const plain = translate(text.replace(/\r\n?/g, "\n"));
  const visible = Array.from(plain).filter((c) => c === "\n" || c === " " || !INVISIBLE.test(c));
  const folded = Array.from(visible.join("").normalize("NFC"), fold).join("");
  return translate(folded.normalize("NFC")).replace(/[^\S\n]+/gu, " ");
}

/** Whether a character stands for a sound or a number in some language. */
export function isLetter(ch: string): boolean {
  return /^[\p{L}\p{N}]/u.test(ch);
}
