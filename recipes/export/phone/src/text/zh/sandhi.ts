// Mandarin tone sandhi inside a sentence piece; the rules of voice/text/g2p/sandhi.py.

export interface Word {
  characters: string[];
  tag: string;
  tones: number[];
  joined?: boolean;
}

export interface NeutralLists {
  neutral: Set<string>;
  not_neutral: Set<string>;
  erhua: Set<string>;
}

const DIGITS = new Set("零〇一二三四五六七八九十百千万亿两点幺");
const BEFORE_ONE = new Set([...DIGITS, "第", "初"]);
const AFTER_ONE = new Set("零〇一二三四五六七八九点月号日楼级");
const AFTER_POINT = new Set("零〇一二三四五六七八九");
const RANKS = ["等奖", "等功", "等舱", "年级"];
const PARTICLES = new Set("吧呢啊呐噻嘛吖嗨哦哒滴哩哟喽啰耶喔诶");
const BEFORE_DIRECTION = new Set("上下进出回过起开");
const COUNTING = new Set("几有两半多各整每做是");

type Split = (word: string) => string[];
const textOf = (word: Word) => word.characters.join("");
const same = (tones: number[], ...wanted: number[]) =>
  tones.length === wanted.length && tones.every((t, i) => t === wanted[i]);

/** The tones of the characters of one sentence piece as they are spoken. */
export function applySandhi(words: Word[], split: Split, lists: NeutralLists): number[] {
  let joined = joinNumbers(words.map((w) => ({ ...w, tones: [...w.tones] })));
  joined = join(joined, (a, b) => textOf(a) === textOf(b) && !a.joined);
  joined = join(joined, (a, b) => short(a, b) && allThird(a) && allThird(b));
  joined = join(joined, (a, b) => short(a, b) && a.tones.at(-1) === 3 && b.tones[0] === 3);
  joined = join(joined, (_, b) => textOf(b) === "儿");
  let before = "";
  joined.forEach((word, i) => {
    bu(word);
    yi(word, before, joined[i + 1]?.characters[0] ?? "");
    neutral(word, lists);
    third(word, split);
    if (word.characters.length > 1 && word.characters.at(-1) === "儿" && lists.erhua.has(textOf(word))) {
      word.tones[word.tones.length - 1] = word.tones.at(-2)!;
    }
    before = word.characters.at(-1)!;
  });
  return joined.flatMap((word) => word.tones);
}

/** 不 and 一 go with the next word, and the word after with 看一看. */
function joinNumbers(words: Word[]): Word[] {
  const out: Word[] = [];
  let carry: Word | null = null;
  const plus = (a: Word, b: Word, tag: string): Word => ({
    characters: [...a.characters, ...b.characters], tag, tones: [...a.tones, ...b.tones],
  });
  words.forEach((own, i) => {
    const word: Word = carry ? plus(carry, own, own.tag) : own;
    carry = null;
    const after = words[i + 1];
    const last = out.at(-1);
    const text = textOf(word);
    const again = last && after && textOf(last) === textOf(after) && after.characters.length === 1;
    if (text === "一" && again) {
      out[out.length - 1] = plus(last, word, "v");
    } else if (last && last.characters.length === 2 && last.characters[1] === "一" &&
      last.characters[0] === text) {
      out[out.length - 1] = plus(last, word, "v");
    } else if (after && (text === "不" || (text === "一" && !DIGITS.has(after.characters[0]!)))) {
      carry = word;
    } else {
      out.push(word);
    }
  });
  return out;
}

function join(words: Word[], together: (left: Word, right: Word) => boolean): Word[] {
  const out: Word[] = [];
  for (const word of words) {
    const left = out.at(-1);
    if (left && together(left, word)) {
      out[out.length - 1] = {
        characters: [...left.characters, ...word.characters], tag: left.tag,
        tones: [...left.tones, ...word.tones], joined: true,
      };
    } else {
      out.push({ characters: word.characters, tag: word.tag, tones: word.tones });
    }
  }
  return out;
}

const allThird = (word: Word) => word.tones.every((t) => t === 3);

function short(left: Word, right: Word): boolean {
  const twice = left.characters.length === 2 && left.characters[0] === left.characters[1];
  return !left.joined && !twice && left.characters.length + right.characters.length <= 3;
}

function bu({ characters, tones }: Word): void {
  if (characters.length === 3 && characters[1] === "不" && !DIGITS.has(characters[0]!)) {
    tones[1] = 5;
    return;
  }
  for (let i = 0; i + 1 < characters.length; i++) {
    if (characters[i] === "不") tones[i] = tones[i + 1] === 4 ? 2 : 4;
  }
}

function yi(word: Word, before: string, after: string): void {
  const { characters, tones } = word;
  const text = textOf(word);
  const point = text.startsWith("一点") && AFTER_POINT.has(characters[2] ?? after);
  if (point || (text === "一点" && DIGITS.has(before))) {
    tones[0] = 1; // a decimal, or the end of a number
    return;
  }
  if (characters.every((ch) => DIGITS.has(ch)) && !["一百", "一千", "一万"].includes(text)) return;
  if (characters.length === 3 && characters[1] === "一" && characters[0] === characters[2]) {
    tones[1] = 5;
    return;
  }
  for (let i = 0; i + 1 < characters.length; i++) {
    if (characters[i] !== "一") continue;
    const last = i ? characters[i - 1]! : before;
    const rank = RANKS.some((own) => characters.slice(i + 1).join("").startsWith(own));
    if (BEFORE_ONE.has(last) || AFTER_ONE.has(characters[i + 1]!) || rank) tones[i] = 1;
    else tones[i] = tones[i + 1] === 4 ? 2 : 4;
  }
}

function neutral(word: Word, lists: NeutralLists): void {
  const { characters, tones } = word;
  const text = textOf(word);
  const tag = word.tag || "x";
  const last = characters.length - 1;
  const ge = characters.indexOf("个");
  if (text === "个" || (ge >= 1 && (COUNTING.has(characters[ge - 1]!) || DIGITS.has(characters[ge - 1]!)))) {
    tones[ge] = 5;
  }
  if (lists.not_neutral.has(text)) return;
  for (let i = 1; i < characters.length; i++) {
    const doubled = characters[i] === characters[i - 1] && "nva".includes(tag[0]!);
    if (doubled && (characters.length === 2 ||
      lists.neutral.has(characters.slice(i - 1, i + 1).join("")))) tones[i] = 5;
  }
  if (lists.neutral.has(text) || lists.neutral.has(characters.slice(-2).join(""))) tones[last] = 5;
  if (characters[last] === "儿" && lists.neutral.has(characters.slice(0, -1).join(""))) tones[last - 1] = 5;
  if (characters.length === 4 && lists.neutral.has(characters.slice(0, 2).join(""))) tones[1] = 5;
  if (lightEnding(characters, tag)) tones[last] = 5;
}

/** Whether the last character is a particle or suffix without a tone of its own. */
function lightEnding(characters: string[], tag: string): boolean {
  const end = characters.at(-1)!;
  if (PARTICLES.has(end)) return characters.length === 1 || "yue".includes(tag[0]!);
  if (characters.length === 1) {
    return ("的地得".includes(end) && tag[0] === "u") ||
      ("了着过".includes(end) && ["ul", "uz", "ug"].includes(tag));
  }
  if ("们子".includes(end)) return "rn".includes(tag[0]!);
  if ("上下".includes(end)) return ["s", "l", "f"].includes(tag);
  return "来去".includes(end) && BEFORE_DIRECTION.has(characters.at(-2)!);
}

/** 3 3 becomes 2 3, by the word's inner structure where it has three or four characters. */
function third(word: Word, split: Split): void {
  const { tones } = word;
  if (tones.length === 2 && same(tones, 3, 3)) {
    tones[0] = 2;
  } else if (tones.length === 3) {
    const first = firstPart(word, split);
    if (same(tones, 3, 3, 3)) tones.splice(0, 2, ...(first === 2 ? [2, 2] : [3, 2]));
    else if (first === 1 && same(tones.slice(1), 3, 3)) tones[1] = 2;
    else if (first === 2 && same(tones.slice(0, 2), 3, 3)) tones[0] = 2;
    else if (first === 2 && same(tones.slice(1), 3, 3)) return;
    else if (first === 1 && same(tones.slice(0, 2), 3, 3)) tones[0] = 2;
  } else if (tones.length === 4) {
    for (const i of [0, 2]) if (same(tones.slice(i, i + 2), 3, 3)) tones[i] = 2;
  }
}

/** Length (1 or 2) of the first part of a word of three characters. */
function firstPart(word: Word, split: Split): number {
  const text = textOf(word);
  const size = (x: string) => Array.from(x).length;
  let shortest = "";
  for (const part of split(text)) if (!shortest || size(part) < size(shortest)) shortest = part;
  if (text.startsWith(shortest)) return Math.min(size(shortest), 2);
  return Math.max(word.characters.length - size(shortest), 1);
}
