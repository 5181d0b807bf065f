import { defineConfig } from "vite";

// The text front-end for Node, which recipes/export/phonemes.py compares with Python's.
export default defineConfig({
  build: { ssr: "src/node/phonemes.ts", outDir: "build/node", target: "node20", emptyOutDir: true },
});
