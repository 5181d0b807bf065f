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
const UNITS = { "㎡": "m²", "㎥": "m³", "㎢": "km²", "㎠": "cm²", "㎤": "cm³", "㎧": "m/s" };
for (const [sign, unit] of Object.entries(UNITS)) TABLE.set(sign, unit);
const SQUARES = "²³";
const KEPT = new Set(`…℃℉™®©${SQUARES}`);
const POWER = /(?<=[0-9A-Za-z)])[⁰¹²³⁴-⁹⁺⁻]+/gu;
const CIRCLED = /[①-⑳❶-❿➀-➓]/gu;
const INVISIBLE = /^[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}]$/u;

const translate = (text: string) => Array.from(text, (ch) => TABLE.get(ch) ?? ch).join("");

function fold(ch: string): string {
  if (KEPT.has(ch)) return ch;
  const folded = ch.normalize("NFKC");
  return folded.includes("⁄") ? ` ${folded.replaceAll("⁄", "/")}` : folded;
}

const power = (raised: string) =>
  (raised === "²" || raised === "³" ? raised : `^${raised.normalize("NFKC")}`);

/** The number in a circle; black ones and those without serifs go to ten. */
function circled(ch: string): number {
  const code = ch.codePointAt(0)!;
  return code <= 0x2473 ? code - 0x245f : (code - 0x2776) % 10 + 1;
}

/** Compatibility forms folded (NFKC), quotes and dashes unified, invisible marks removed. */
export function clean(text: string): string {
  const plain = translate(text.replace(/\r\n?/g, "\n")).replace(POWER, power)
    .replace(CIRCLED, (ch) => ` ${circled(ch)}, `);
  const visible = Array.from(plain).filter((c) => c === "\n" || c === " " || !INVISIBLE.test(c));
  const folded = Array.from(visible.join("").normalize("NFC"), fold).join("");
  return translate(folded.normalize("NFC")).replace(/[^\S\n]+/gu, " ");
}

/** Whether a character stands for a sound or a number in some language; ² and ³ are signs of units. */
export function isLetter(ch: string): boolean {
  return /^[\p{L}\p{N}]/u.test(ch) && !SQUARES.includes(ch);
}
