// English words with one spelling and two pronunciations, told apart by their neighbours;
// the rules of voice/text/g2p/homographs.py.

import type { EnglishData } from "./data";
import lists from "./neighbours.json";

const BEFORE_VERB = new Set(lists.before_verb);
const BEFORE_NOUN = new Set(lists.before_noun);
const DETERMINERS = new Set(lists.determiners);
const PERFECT = new Set(lists.perfect);
const PAST = new Set(lists.past);
const words = (text: string) => new Set(text.split(" "));
const AUXILIARIES = words("to will can could would should must may might do does did didn't don't " +
  "doesn't please i'll you'll let's");
const PLACES = words("in at on with near alone here there by");
const STARTS = new Set(["", ".", "!", "?", ",", "and", "or", "then", "but"]);
const SHOWS = words("music show shows concert stream broadcast audience tv");
const CLOSE_AFTER = words("to by friend friends enough call relationship attention");
const LEAD_AFTER = words("pipe pipes paint poisoning acid bullet bullets pencil ore free");
const FISH = words("sea fish fishing caught striped lake grilled");
const BOWS = words("arrow arrows tie ties violin hair ribbon cross");
const SMALL = words("detail details amount amounts quantities particles differences traces quantity");
const NO_LIVE = words("all both most many few who");
const NO_CLOSE = words("of in at for");

type Rule = (tokens: readonly string[], at: number) => boolean;

/** Symbols of the homograph `tokens[at]` in its context; empty where it is none. */
export function choose(tokens: readonly string[], at: number, data: EnglishData): string[] {
  const word = tokens[at]!.toLowerCase();
  const both = own(data.homographs.verb_or_noun, word);
  if (both) return both[isVerb(tokens, at) ? 0 : 1].split(" ");
  const rule = own(RULES, word);
  if (!rule) return [];
  return (data.homographs[word] as [string, string])[rule(tokens, at) ? 1 : 0].split(" ");
}

function own<T>(table: Record<string, T>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function near(tokens: readonly string[], at: number, offset: number): string {
  return tokens[at + offset]?.toLowerCase() ?? "";
}

const isAlpha = (ch: string | undefined) => ch !== undefined && /^\p{L}/u.test(ch);

function isVerb(tokens: readonly string[], at: number): boolean {
  const before = near(tokens, at, -1);
  const after = near(tokens, at, 1);
  const word = tokens[at]!.toLowerCase();
  if (BEFORE_NOUN.has(before) || (before.endsWith("'s") && before !== "let's")) return false;
  if (["lives", "uses", "tears", "winds"].includes(word)) {
    if (["he", "she", "it", "who", "that"].includes(before)) return true;
    if (isAlpha(before) && PLACES.has(after)) return true;
    return word === "uses" && DETERMINERS.has(after);
  }
  if (BEFORE_VERB.has(before)) {
    return !(["i", "we", "you", "they"].includes(before) && ["content", "present"].includes(word));
  }
  if (["separate", "moderate", "appropriate", "deliberate", "elaborate", "perfect"].includes(word)) {
    return !isAlpha(before) && DETERMINERS.has(after);
  }
  if (STARTS.has(before)) return DETERMINERS.has(after);
  if (["use", "house", "refuse", "produce", "increase"].includes(word)) return DETERMINERS.has(after);
  return false;
}

const live: Rule = (tokens, at) => {
  const before = near(tokens, at, -1);
  if ((BEFORE_NOUN.has(before) && !NO_LIVE.has(before)) || before === "go") return true;
  return SHOWS.has(near(tokens, at, 1));
};

const read: Rule = (tokens, at) => {
  const before = near(tokens, at, -1);
  if (AUXILIARIES.has(before)) return false;
  if (PERFECT.has(before) || PERFECT.has(near(tokens, at, -2))) return true;
  if (["he", "she", "it"].includes(before)) return true;
  for (const step of [-1, 1]) {
    for (let place = at + step; isAlpha(tokens[place]); place += step) {
      if (PAST.has(tokens[place]!.toLowerCase())) return true;
    }
  }
  return false;
};

const close: Rule = (tokens, at) => {
  const before = near(tokens, at, -1);
  if (CLOSE_AFTER.has(near(tokens, at, 1))) return !["must", "will", "please"].includes(before);
  if (BEFORE_VERB.has(before)) return false;
  return (BEFORE_NOUN.has(before) && !NO_CLOSE.has(before)) || ["get", "stay", "came"].includes(before);
};

const lead: Rule = (tokens, at) => LEAD_AFTER.has(near(tokens, at, 1)) ||
  (["of", "heavy", "molten"].includes(near(tokens, at, -1)) && near(tokens, at, -2) !== "in");

const bass: Rule = (tokens, at) => [-3, -2, -1, 1, 2, 3].some((k) => FISH.has(near(tokens, at, k)));

const bow: Rule = (tokens, at) => {
  const around = [-2, -1, 1, 2].map((k) => near(tokens, at, k));
  if (around.some((x) => BOWS.has(x))) return true;
  return ["a", "the"].includes(near(tokens, at, -1)) &&
    !around.includes("take") && !around.includes("took");
};

const RULES: Record<string, Rule> = {
  live, read, close, lead, bass, bow,
  row: (tokens, at) => ["terrible", "furious", "blazing"].includes(near(tokens, at, -1)),
  minute: (tokens, at) => SMALL.has(near(tokens, at, 1)),
  polish: (tokens, at) => /^\p{Lu}/u.test(tokens[at]!) && at > 0 && isAlpha(tokens[at - 1]),
};
