// For comparing front-ends: phonemes of sentences with a bundle's text data, in Node.
// node phonemes.js BUNDLE < sentences.jsonl > phonemes.jsonl

import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { gunzipSync } from "node:zlib";
import { plainError } from "../errors";
import { openFrontend } from "../text/speakers";

const bundle = process.argv[2];
if (!bundle) throw new Error("which bundle?");
const read = async (path: string) => {
  const data = await readFile(`${bundle}/${path}`);
  return new Uint8Array(path.endsWith(".gz") ? gunzipSync(data) : data);
};
const manifest = JSON.parse(await readFile(`${bundle}/manifest.json`, "utf8"));
const frontend = await openFrontend(read, manifest.languages);
for await (const line of createInterface({ input: process.stdin })) {
  const row = JSON.parse(line) as { text: string; language: string };
  let result: object;
  try {
    await frontend.ensure(row.text, row.language);
    const { symbols, normalized } = frontend.phonemize(row.text, row.language);
    result = { symbols, normalized };
  } catch (error) {
    result = { error: plainError(error).code };
  }
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
