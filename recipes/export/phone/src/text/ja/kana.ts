// Kana to morae and phonemes, with the names that Open JTalk's labels have.

const SMALL = "ァィゥェォャュョヮ";
const ROWS: [string, string][] = [
  ["アイウエオ", ""], ["カキクケコ", "k"], ["サシスセソ", "s"], ["タチツテト", "t"], ["ナニヌネノ", "n"],
  ["ハヒフヘホ", "h"], ["マミムメモ", "m"], ["ラリルレロ", "r"], ["ガギグゲゴ", "g"], ["ザジズゼゾ", "z"],
  ["ダヂヅデド", "d"], ["バビブベボ", "b"], ["パピプペポ", "p"],
];
const OWN: Record<string, string> = {
  シ: "sh i", チ: "ch i", ツ: "ts u", フ: "f u", ジ: "j i", ヂ: "j i", ヅ: "z u", ヤ: "y a", ユ: "y u",
  ヨ: "y o", ワ: "w a", ヲ: "o", ヰ: "i", ヱ: "e", ン: "N", ッ: "cl", ヴ: "v u", ァ: "a", ィ: "i", ゥ: "u",
  ェ: "e", ォ: "o", ャ: "y a", ュ: "y u", ョ: "y o", ヮ: "w a",
  // With a small vowel, where the sound is not that of its row.
  シェ: "sh e", ジェ: "j e", チェ: "ch e", ツァ: "ts a", ツィ: "ts i", ツェ: "ts e", ツォ: "ts o",
  ティ: "t i", ディ: "d i", トゥ: "t u", ドゥ: "d u", テュ: "ty u", デュ: "dy u", デャ: "dy a", デョ: "dy o",
  テャ: "ty a", テョ: "ty o", ファ: "f a", フィ: "f i", フェ: "f e", フォ: "f o", フュ: "fy u", ウィ: "w i",
  ウェ: "w e", ウォ: "w o", ヴァ: "v a", ヴィ: "v i", ヴェ: "v e", ヴォ: "v o", ヴュ: "by u", イェ: "y e",
  スィ: "s i", ズィ: "z i", クヮ: "kw a", グヮ: "gw a", クァ: "kw a", グァ: "gw a", キェ: "ky e",
  ニェ: "ny e", ヒェ: "hy e", ミェ: "my e", リェ: "ry e", ギェ: "gy e", ビェ: "by e", ピェ: "py e",
};
const VOWELS = "aiueo";
const SOUNDS = new Map<string, string[]>();
for (const [kana, consonant] of ROWS) {
  Array.from(kana).forEach((ch, i) => {
    SOUNDS.set(ch, consonant ? [consonant, VOWELS[i]!] : [VOWELS[i]!]);
  });
  const second = kana[1]!;
  const head: Record<string, string> = { シ: "sh", チ: "ch", ジ: "j", ヂ: "j", イ: "y" };
  for (const [small, vowel] of [["ャ", "a"], ["ュ", "u"], ["ョ", "o"]] as const) {
    SOUNDS.set(second + small, [head[second] ?? `${consonant}y`, vowel]);
  }
}
for (const [kana, sounds] of Object.entries(OWN)) SOUNDS.set(kana, sounds.split(" "));

/** Hiragana as katakana. */
export function katakana(text: string): string {
  return text.replace(/[\u3041-\u3096]/g, (ch) => String.fromCharCode(ch.charCodeAt(0) + 0x60));
}

/** The morae of a pronunciation; what is no kana, and marks of devoicing, are left out. */
export function morae(pronunciation: string): string[] {
  const out: string[] = [];
  const text = katakana(pronunciation);
  for (let i = 0; i < text.length; i++) {
    const pair = text.slice(i, i + 2);
    if (SMALL.includes(pair[1] ?? "") && pair.length === 2 && SOUNDS.has(pair)) {
      out.push(pair);
      i++;
    } else if (text[i] === "ー" || SOUNDS.has(text[i]!)) {
      out.push(text[i]!);
    }
  }
  return out;
}

/** Phonemes of a mora; a long mark repeats the vowel before. */
export function phonemesOf(mora: string, vowelBefore: string): string[] {
  return mora === "ー" ? [vowelBefore || "a"] : SOUNDS.get(mora) ?? [];
}
