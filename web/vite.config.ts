import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { svelte } from "@sveltejs/vite-plugin-svelte";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Where `npm run dev` finds a running server; `parlour serve` listens on 8000 unless told. */
const serverPort = process.env["PARLOUR_PORT"] ?? "8000";

/** What /api/docs shows the API with; the server serves it, so that nothing is loaded from elsewhere. */
const apiDocs: Plugin = {
  name: "api-docs",
  generateBundle() {
    const { resolve } = createRequire(import.meta.url);
    for (const file of ["swagger-ui-bundle.js", "swagger-ui-standalone-preset.js", "swagger-ui.css"]) {
      const source = readFileSync(resolve(`swagger-ui-dist/${file}`));
      this.emitFile({ type: "asset", fileName: `api-docs/${file}`, source });
    }
  },
};

export default defineConfig({
  plugins: [svelte(), apiDocs],
  build: {
    // The page travels inside the Python package: a wheel runs without Node.
    outDir: "../src/parlour/static",
    emptyOutDir: true,
    target: "es2022",
    // The content security policy has neither 'unsafe-inline' nor data: scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    host: "127.0.0.1",
    proxy: {
      "/api": { target: `http://127.0.0.1:${serverPort}`, ws: true },
    },
  },
  test: {
    include: ["src/**/*.test.ts"],
    environment: "node",
  },
  // Without it Vitest takes Svelte's server build, where a rune never changes.
  resolve: process.env["VITEST"] ? { conditions: ["browser"] } : {},
});
