import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { defineConfig, type Plugin } from "vite";
import own from "./package.json" with { type: "json" };

const runtime = dirname(createRequire(import.meta.url).resolve("onnxruntime-web"));
const RUNTIME = {
  "virtual:runtime-wasm": "ort-wasm-simd-threaded.wasm",
  "virtual:runtime-mjs": "ort-wasm-simd-threaded.mjs",
} as Record<string, string>;

/** The runtime's two files under `ort/`, unchanged; its workers import them by address. */
function runtimeFiles(): Plugin {
  let building = false;
  return {
    name: "runtime-files",
    configResolved: (config) => void (building = config.command === "build"),
    resolveId: (id) => (id in RUNTIME ? `\0${id}` : undefined),
    load(id) {
      const name = RUNTIME[id.slice(1)];
      if (!id.startsWith("\0virtual:runtime") || !name) return undefined;
      if (building) this.emitFile({ type: "asset", fileName: `ort/${name}`, source: readFileSync(join(runtime, name)) });
      return `export default ${JSON.stringify(`ort/${name}`)};`;
    },
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const name = Object.values(RUNTIME).find((x) => request.url?.startsWith(`/ort/${x}`));
        if (!name) return next();
        response.setHeader("Content-Type", name.endsWith(".wasm") ? "application/wasm" : "text/javascript");
        response.end(readFileSync(join(runtime, name)));
      });
    },
  };
}

/** Tells the service worker which files to keep, and their common digest. */
function precache(): Plugin {
  return {
    name: "precache",
    generateBundle(_, bundle) {
      const sw = bundle["sw.js"];
      if (sw?.type !== "chunk") return;
      const digest = createHash("sha256");
      const files = Object.values(bundle).filter((x) => x.fileName !== "sw.js" && !x.fileName.endsWith(".map"));
      for (const file of files.sort((a, b) => (a.fileName < b.fileName ? -1 : 1))) {
        digest.update(file.fileName).update(file.type === "chunk" ? file.code : file.source);
      }
      const statics = ["app.webmanifest", "icons/icon.svg", "icons/icon-192.png", "icons/icon-512.png"];
      const paths = ["./", ...files.map((file) => file.fileName).filter((x) => x !== "index.html"), ...statics];
      sw.code = sw.code.replace(/\b__PRECACHE__\b/g, JSON.stringify([...new Set(paths)]))
        .replace(/\b__PRECACHE_VERSION__\b/g, JSON.stringify(digest.digest("hex").slice(0, 16)));
    },
  };
}

const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

export default defineConfig({
  base: "./",
  plugins: [runtimeFiles(), precache()],
  define: { __APP_VERSION__: JSON.stringify(own.version) },
  server: { headers: isolation },
  preview: { headers: isolation },
  worker: { format: "es" },
  build: {
    target: "es2022",
    rolldownOptions: {
      input: { index: "index.html", sw: "src/sw.ts" },
      output: { entryFileNames: (chunk) => (chunk.name === "sw" ? "sw.js" : "assets/[name]-[hash].js") },
    },
  },
});
