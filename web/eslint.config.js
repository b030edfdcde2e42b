import js from "@eslint/js";
import svelte from "eslint-plugin-svelte";
import globals from "globals";
import ts from "typescript-eslint";
import svelteConfig from "./svelte.config.js";

const core = ["src/core/**/*.ts", "src/protocol/**/*.ts"];
const engine = [...core, "src/state/**/*.ts"];

export default ts.config(
  { ignores: ["node_modules/", "public/"] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...ts.configs.stylistic,
  ...svelte.configs.recommended,
  {
    languageOptions: { globals: { ...globals.browser, ...globals.node } },
    rules: {
      // TypeScript knows every name; this rule does not know its types.
      "no-undef": "off",
      "max-lines": ["error", 400],
      "max-lines-per-function": ["error", 60],
      // Naming a field only to leave it out is how a record loses it.
      "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true }],
      "no-restricted-syntax": [
        "error",
        { selector: "TSEnumDeclaration", message: "A closed union says the same and costs nothing." },
      ],
    },
  },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: ts.parser, extraFileExtensions: [".svelte"], svelteConfig } },
  },
  {
    files: ["**/*.svelte"],
    rules: {
      "max-lines": ["error", 200],
      // Components show and ask; core decides.
      "no-restricted-globals": ["error", "fetch", "WebSocket", "setTimeout", "setInterval", "localStorage", "indexedDB"],
    },
  },
  {
    // Where promises, timers and outside values live, the rules that know types watch too.
    files: engine,
    extends: [ts.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, extraFileExtensions: [".svelte"] } },
    rules: {
      "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true }],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    // The engine is plain TypeScript: it must run without a page, and without Svelte.
    files: core,
    rules: { "no-restricted-imports": ["error", { patterns: ["svelte", "svelte/*", "**/state/*", "**/ui/*"] }] },
  },
  {
    // A test's story is one callback; its length is the story's.
    files: ["**/*.test.ts"],
    rules: { "max-lines-per-function": "off", "@typescript-eslint/no-non-null-assertion": "off" },
  },
);
