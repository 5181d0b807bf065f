// Mandarin text as it is spoken; the rules of voice/text/normalize/zh.py, in the same order.

import { literal, oneOf, rx, sub, type Match } from "../rx";
import units from "../units.json";

const DIGITS = "零一二三四五六七八九";
const NUMBER = "\\d{1,3}(?:,\\d{3})+(?:\\.\\d+)?|\\d+(?:\\.\\d+)?";
const HAN = "\\u3007\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff\\u{20000}-\\u{3ffff}";
const MEASURES = "个只条张位件台辆本瓶杯天次回遍家部间名句篇首所座片块份双对种层节列期届口头匹棵朵根把" +
  "封幅架艘枚颗粒套串束群堆页倍步年周分秒点人米克升吨里斤元角公千厘毫小单";
const NAMING = "电话|手机|号码|邮编|邮政编码|编号|型号|账号|帐号|卡号|密码|验证码|房间|门牌|航班|车次|" +
  "尾号|区号|热线|拨打|拨|致电|报警|QQ|群号|学号|工号|身份证|单号|代码";
const ZH: Record<string, string> = units.zh;
const UNIT_NAMES = oneOf(Object.keys(ZH));
const CURRENCIES: Record<string, string> = {
  "¥": "元", $: "美元", "US$": "美元", "€": "欧元", "£": "英镑", "HK$": "港元", "₩": "韩元",
  "₽": "卢布", "₹": "卢比",
};
const SIGN = "(?<![\\dA-Za-z\\)）])-";
const SIGNS: Record<string, string> = {
  "+": "加", "×": "乘以", "*": "乘以", "÷": "除以", "=": "等于", "±": "正负", "≈": "约等于",
  "≠": "不等于", "≤": "小于等于", "≥": "大于等于", "<": "小于", ">": "大于",
};
const WHOLE_YEARS = new Set("1000 3000 4000 5000 6000 7000 8000 9000".split(" "));

/** Digits of flights, trains, plates and models one by one; round hundreds (H100) stay numbers. */
export function codes(text: string): string {
  return text.replace(/(?<![\w./@:-])([A-Z]{1,3}-?)(\d{3,})(?![\w./@%-])/g, (whole, name, number) =>
    number.length === 3 && number.endsWith("00") ? whole : name + digits(number, true));
}

/** Each digit by itself; `telephone` reads 1 as 幺. */
export function digits(text: string, telephone = false): string {
  const names = telephone ? DIGITS.replace("一", "幺") : DIGITS;
  return Array.from(text).filter((c) => c >= "0" && c <= "9").map((c) => names[+c]).join("");
}

/** A whole number in words: 一千零五, 十二, 两万. */
export function integer(text: string): string {
  const plain = text.replace(/^0+/, "") || "0";
  if (plain.length > 16) return digits(plain);
  const groups: string[] = [];
  for (let end = plain.length; end > 0; end -= 4) groups.unshift(plain.slice(Math.max(0, end - 4), end));
  let out = "";
  groups.forEach((group, i) => {
    const scale = ["", "万", "亿", "万"][groups.length - 1 - i]!;
    if (+group === 0) {
      if (scale === "亿" && out.endsWith("万")) out += "亿";
      return;
    }
    const gap = (out && group.length === 4 && group[0] === "0") || (out && +groups[i - 1]! === 0);
    const words = groupOf(group);
    out += (gap ? "零" : "") + (words === "二" && scale ? "两" : words) + scale;
  });
  if (out.startsWith("一十")) out = out.slice(1);
  return out || "零";
}

function groupOf(group: string): string {
  let out = "";
  let gap = false;
  Array.from(group).forEach((digit, i) => {
    const place = group.length - 1 - i;
    if (digit === "0") {
      gap = out !== "";
      return;
    }
    const name = digit === "2" && place === 3 ? "两" : DIGITS[+digit]!;
    out += (gap ? "零" : "") + name + ["", "十", "百", "千"][place]!;
    gap = false;
  });
  return out;
}

/** A number with optional commas, sign and decimals. */
export function number(text: string): string {
  const plain = text.replace(/^[+-]+/, "").replaceAll(",", "");
  const [whole = "", part = ""] = plain.split(".");
  return (text.startsWith("-") ? "负" : "") + integer(whole || "0") + (part ? `点${digits(part)}` : "");
}

/** Text as it is spoken; placeholder characters (private use area) stay. */
export function normalize(text: string): string {
  return tidy([dates, money, telephones, measured, signs, plain].reduce((t, f) => f(t), text));
}

function dates(given: string): string {
  let text = sub(given, rx("(?<!\\d)(\\d{4})([\\-\\/.])(\\d{1,2})\\2(\\d{1,2})(?!\\d)(?:T(?=\\d))?"), (m) => {
    const fits = +m[3]! >= 1 && +m[3]! <= 12 && +m[4]! >= 1 && +m[4]! <= 31;
    return fits ? `${digits(m[1]!)}年${integer(m[3]!)}月${integer(m[4]!)}日` : m[0];
  });
  text = sub(text, rx("(\\d{4})\\s?([\\-~—–至到])\\s?(\\d{4})\\s?年"),
    (m) => `${digits(m[1]!)}到${digits(m[3]!)}年`);
  text = sub(text, rx("((?:公元|西元)前?)\\s?(\\d{1,4})(?=年)"), (m) => m[1]! + digits(m[2]!));
  text = sub(text, rx("(?<!\\d)(\\d{4}|\\d{2})\\s?年(?!前|后|来|内|多|间)"), year);
  return sub(text, rx("(?<!\\d)([01]?\\d|2[0-4]):([0-5]\\d)(?::([0-5]\\d))?(?!\\d)"), time);
}

function year(m: Match): string {
  const rest = m.input.slice(m.index + m[0].length);
  if (rest[0] === "代" && m[1]!.length === 2) return `${integer(m[1]!)}年`;
  if (m[1]!.length === 2 && !/^[0123456789春夏秋冬]/u.test(Array.from(rest).slice(0, 3).join("").trim())) {
    return m[0];
  }
  if (WHOLE_YEARS.has(m[1]!)) return m[0];
  return `${digits(m[1]!)}年`;
}

function time(m: Match): string {
  const hour = integer(m[1]!);
  const minute = m[2]!;
  const out = `${hour === "二" ? "两" : hour}点`;
  if (m[3]) return `${out}${integer(minute)}分${integer(m[3])}秒`;
  if (minute === "00") return out;
  if (minute === "30") return `${out}半`;
  return `${out}${minute[0] === "0" ? "零" : ""}${integer(minute)}分`;
}

function money(text: string): string {
  return sub(text, rx(`(${oneOf(Object.keys(CURRENCIES))})\\s?(${NUMBER})\\s?([万亿千百]*)`),
    (m) => `${number(m[2]!.replace(/\.0+$/, ""))}${m[3] ?? ""}${CURRENCIES[m[1]!]}`);
}

function telephones(given: string): string {
  const telephone = rx("(?<![\\d.])(?:\\+?86[\\- ]?)?1[3-9]\\d(?:[\\- ]?\\d{4}){2}(?!\\d)" +
    "|(?<![\\d.\\-])0\\d{2,3}-\\d{7,8}(?:-\\d{1,4})?(?!\\d)|(?<![\\d.\\-])\\d{3}-\\d{3,4}-\\d{4}(?!\\d)" +
    "|\\(0\\d{2,3}\\)\\s?\\d{3,4}[\\- ]?\\d{4}(?!\\d)");
  let text = sub(given, telephone, (m) => (m[0].startsWith("+") ? "加" : "") + digits(m[0], true));
  text = text.replace(/(?<![第\d])号(?=\d{5,})/gu, "号码,").replaceAll("号码码", "号码");
  text = sub(text, rx(`(${NAMING})((?:号码?)?[是为:,\\s]*)(\\d{3,})(?![\\d.]*[元%])`),
    (m) => m[1]! + m[2]! + digits(m[3]!, true));
  text = sub(text, rx("(?<=转|机)(\\d{3,4})(?![\\d.]*[\\d元块人个次万%])"), (m) => digits(m[1]!, true));
  text = sub(text, rx("(?<![\\d.])(\\d{3,5})(?=室|房|报警|热线|航班|次列车)"), (m) => digits(m[1]!, true));
  text = sub(text, rx("(?<![\\d.,])(110|119|120|122|114|911|12306|12345|10086|10010)" +
    `(?![\\d.,%${MEASURES}])`), (m) => digits(m[1]!, true));
  return sub(text, rx("(?<![\\d.,])0\\d+(?![\\d.,])"), (m) => digits(m[0], true));
}

/** Percentages, temperatures, units, fractions, ranges, and 2 before measure words. */
function measured(given: string): string {
  let text = given.replace(rx("(比分|以)\\s?(\\d+)\\s?[\\-–—]\\s?(\\d+)(?!\\d)"), "$1$2比$3");
  text = text.replace(rx("(?<=[\\d%‰℃度])\\s?[~—–～]\\s?(?=-?\\d)|(?<=[%‰℃度])-(?=\\d)"), "到");
  text = sub(text, /(?<=\d)°(\d+)'(?:(\d+)")?/gu, (m) => `度${m[1]}分${m[2] ? `${m[2]}秒` : ""}`);
  text = text.replace(rx(`(?<=\\d)-(?=\\d+\\s?(?:${UNIT_NAMES}|[${MEASURES}%]))`), "到");
  text = sub(text, rx("(?<![\\d\\/])(\\d{1,4})\\/(\\d{1,4})(?![\\d\\/])"),
    (m) => `${integer(m[2]!)}分之${integer(m[1]!)}`);
  text = sub(text, rx(`(${SIGN})?(${NUMBER})\\s?(%|‰)`),
    (m) => `${m[1] ? "负" : ""}${m[3] === "%" ? "百" : "千"}分之${number(m[2]!)}`);
  text = sub(text, rx(`(${SIGN})?(${NUMBER})\\s?(${UNIT_NAMES})(?![A-Za-z²³])`), unit);
  text = text.replace(rx(`(?<![\\d.第十百千万])2(?=[${MEASURES}]|万|亿|千)(?!月|号|楼)`), "两");
  return text.replace(rx(`(${SIGN})(?=${NUMBER})`), "负");
}

function unit(m: Match): string {
  const name = ZH[m[3]!]!;
  const below = m[1] ? (name.endsWith("度") ? "零下" : "负") : "";
  const amount = m[2] === "2" && !"度摄华".includes(name[0]!) ? "两" : number(m[2]!);
  return below + amount + name;
}

function signs(given: string): string {
  let text = given.replace(/(?<=\d):(?=\d)/g, "比").replace(/(?<=\d)\s-\s(?=\d)/gu, "减");
  for (const [sign, word] of Object.entries(SIGNS)) {
    text = text.replace(rx(`(?<=[\\d${HAN}])\\s?${literal(sign)}\\s?(?=[\\-\\d])`), word);
  }
  text = text.replace(/(?<=\d)\+/g, "多").replace(/\^(-?\d+)/g, "的$1次方");
  text = text.replaceAll("²", "的平方").replaceAll("³", "的立方");
  return text.replaceAll("&", "和").replaceAll("@", "艾特").replaceAll("%", "百分号");
}

function plain(text: string): string {
  return sub(text, rx(NUMBER), (m) => number(m[0]));
}

const MARKS = new Map<string, string>([
  ...Array.from("，、；：;:·/•", (c): [string, string] => [c, ","]),
  ["。", "."], ["！", "!"], ["？", "?"], ["\n", "."], ["—", "-"], ["～", "…"], ["~", "…"],
  ["–", "-"], ["―", "-"], ["嗯", "恩"], ["呣", "母"], ["㐂", "喜"],
]);

/** Marks unified, runs of them collapsed to the first, everything else removed. */
function tidy(given: string): string {
  let text = given.replace(/\.{3,}|。{2,}/gu, "…");
  text = text.replace(rx("(?<=\\w)[(（]|[)）](?=\\w)"), ",");
  text = Array.from(text, (ch) => MARKS.get(ch) ?? ch).join("");
  text = text.replace(rx(`[^${HAN}\\ue000-\\uf8ff!?…,.\\-]`), "");
  return text.replace(/([!?…,.\-])[!?…,.\-]+/gu, "$1");
}
