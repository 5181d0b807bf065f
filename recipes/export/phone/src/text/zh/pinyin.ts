// Pinyin syllables to symbols: initial, final + tone; the rules of voice/text/g2p/pinyin.py.

const INITIALS = "zh ch sh b p m f d t n l g k h j q x r z c s y w".split(" ");
const Y_FINALS: Record<string, string> = {
  e: "E", an: "En", u: "v", ue: "ve", uan: "van", un: "vn",
};
const ZERO: Record<string, string> = { a: "AA", e: "EE", o: "OO" };
const FINALS = new Set((
  "a ai an ang ao e ei en eng er i ia ian iang iao ie in ing iong iu o ong ou " +
  "u ua uai uan uang ui un uo v van ve vn").split(" "));
const SPECIAL: Record<string, [string, string]> = {
  m: ["EE", "en"], hm: ["h", "en"], n: ["EE", "en"], ng: ["EE", "en"],
  hng: ["h", "eng"], yo: ["y", "o"], lo: ["l", "o"],
};

export interface Syllable {
  initial: string;
  final: string;
  tone: number;
}

/** Parts of one syllable such as `zhong4`; null where this is no Mandarin syllable. */
export function splitSyllable(syllable: string): Syllable | null {
  const match = /^([a-zêü:]+?)([1-5])?$/u.exec(syllable.trim().toLowerCase());
  if (!match) return null;
  const body = match[1]!.replaceAll("u:", "v").replaceAll("ü", "v").replaceAll("ê", "ei");
  const tone = Number(match[2] ?? 5);
  const special = SPECIAL[body];
  if (special) return { initial: special[0], final: special[1], tone };
  const zero = ZERO[body[0]!];
  if (zero) return FINALS.has(body) ? { initial: zero, final: body, tone } : null;
  const initial = INITIALS.find((x) => body.startsWith(x));
  if (!initial) return null;
  const final = finalOf(initial, body.slice(initial.length));
  return final ? { initial, final, tone } : null;
}

function finalOf(initial: string, given: string): string {
  let rest = given;
  if (initial === "y") {
    rest = Y_FINALS[rest] ?? rest;
    return FINALS.has(rest) || rest === "E" || rest === "En" ? rest : "";
  }
  if ("jqx".includes(initial) && rest.startsWith("u")) rest = `v${rest.slice(1)}`;
  if (rest === "ue") rest = "ve";
  if (rest === "i") {
    if (["zh", "ch", "sh", "r"].includes(initial)) return "ir";
    return "zcs".includes(initial) ? "i0" : "i";
  }
  return FINALS.has(rest) ? rest : "";
}
