"use strict";
/**
 * The layers of the project, lowest first. A file may import from its own layer and from those above it in this list.
 * docs/architecture.md says why.
 */
const layers = [
    ["lib"],
    ["catalog"],
    ["config"],
    ["artifacts", "hypervisors"],
    ["roles"],
    ["components"],
    ["index.ts"],
    ["launcher"],
];

const pattern = (names) =>
    `^(${names.map((name) => (name.endsWith(".ts") ? name.replace(".", "\\.") : `${name}/`)).join("|")})`;

module.exports = {
    forbidden: [
        ...layers.slice(0, -1).map((layer, index) => ({
            name: `${layer.join("-and-")}-imports-no-higher-layer`,
            severity: "error",
            from: { path: pattern(layer) },
            to: { path: pattern(layers.slice(index + 1).flat()) },
        })),
        { name: "no-circle", severity: "error", from: { pathNot: "^sdks/" }, to: { circular: true } },
        { name: "no-test-in-the-product", severity: "error", from: { pathNot: "^test/" }, to: { path: "^test/" } },
    ],
    options: {
        doNotFollow: { path: "node_modules" },
        exclude: { path: "^(sdks|\\.bundle|\\.stage)/" },
        tsConfig: { fileName: "tsconfig.json" },
        tsPreCompilationDeps: true,
    },
};
