// Where a bundle comes from: an address, a zip file, or a chosen folder.

import { AppError } from "../errors";
import { NAME } from "./manifest";
import { collect, ZipFile } from "./zip";

export interface Source {
  /** A file's content; more than `most` bytes are refused. */
  read(path: string, most: number): Promise<Uint8Array>;
}

export type Origin = { url: string } | { files: File[] };

export async function openSource(origin: Origin): Promise<Source> {
  if ("url" in origin) return fromUrl(origin.url);
  const [first] = origin.files;
  if (!first) throw new AppError("not-a-bundle");
  if (origin.files.length === 1 && first.name !== NAME) return fromZip(first);
  return fromFolder(origin.files);
}

async function fromUrl(text: string): Promise<Source> {
  let address: URL;
  try {
    address = new URL(text);
  } catch {
    throw new AppError("network", text);
  }
  if (address.pathname.endsWith(".zip")) {
    const data = await download(address, Number.MAX_SAFE_INTEGER);
    return fromZip(new Blob([data as Uint8Array<ArrayBuffer>]));
  }
  if (address.pathname.endsWith(`/${NAME}`)) address = new URL(".", address);
  const base = address.pathname.endsWith("/") ? address : new URL(`${address.pathname}/`, address);
  return { read: (path, most) => download(new URL(path.split("/").map(encodeURIComponent).join("/"), base), most) };
}

async function download(address: URL, most: number): Promise<Uint8Array> {
  let answer: Response;
  try {
    answer = await fetch(address, { cache: "no-store" });
  } catch {
    throw new AppError("network", address.href);
  }
  if (answer.status === 404) {
    const path = decodeURIComponent(address.pathname.split("/").pop() ?? "");
    throw new AppError(path === NAME ? "not-a-bundle" : "file-missing", address.pathname);
  }
  if (!answer.ok || !answer.body) throw new AppError("network", `${answer.status} ${address.href}`);
  return collect(answer.body, most, address.pathname);
}

async function fromZip(blob: Blob): Promise<Source> {
  const zip = await ZipFile.open(blob);
  const root = rootOf(zip.names());
  return { read: (path, most) => zip.read(root + path, most) };
}

function fromFolder(files: File[]): Source {
  const byPath = new Map(files.map((file) => [file.webkitRelativePath || file.name, file]));
  const root = rootOf([...byPath.keys()]);
  return {
    async read(path, most) {
      const file = byPath.get(root + path);
      if (!file) throw new AppError("file-missing", path);
      if (file.size > most) throw new AppError("file-size", `${path} (${file.size} / ${most})`);
      return new Uint8Array(await file.arrayBuffer());
    },
  };
}

/** What stands before `manifest.json`: the nearest to the top. */
function rootOf(names: string[]): string {
  const found = names.filter((name) => name === NAME || name.endsWith(`/${NAME}`))
    .sort((a, b) => a.length - b.length)[0];
  if (found === undefined) throw new AppError("not-a-bundle");
  return found.slice(0, -NAME.length);
}
