import eslint from "@eslint/js";
import tseslint from "typescript-eslint";

export default tseslint.config(
    { ignores: ["node_modules/", "sdks/", ".stage/", ".bundle/"] },
    eslint.configs.recommended,
    ...tseslint.configs.recommendedTypeChecked,
    {
        languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
        rules: {
            "no-console": "error",
            "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
        },
    },
    { files: ["**/*.mjs", "**/*.cjs", "files/**/*.js"], ...tseslint.configs.disableTypeChecked },
    {
        // The monitor's page runs in a browser.
        files: ["files/**/*.js"],
        languageOptions: {
            globals: Object.fromEntries(
                [
                    ...["document", "fetch", "setInterval", "setTimeout", "matchMedia", "devicePixelRatio"],
                    ...["AbortSignal", "IntersectionObserver", "ResizeObserver", "URLSearchParams", "uPlot"],
                    "getComputedStyle",
                ].map((name) => [name, "readonly"]),
            ),
        },
    },
    {
        files: ["**/*.cjs"],
        languageOptions: {
            sourceType: "commonjs",
            globals: { process: "readonly", performance: "readonly", __dirname: "readonly" },
        },
        rules: { "@typescript-eslint/no-require-imports": "off" },
    },
);
