"use strict";
/** Makes the bundles that load.cjs loads. */
const fs = require("node:fs");
const path = require("node:path");
const { build } = require("esbuild");
const { checkout, folder, stampOf } = require("./load.cjs");

const programs = {
    program: "index.ts",
    lab: "launcher/main.ts",
    container: "launcher/isolated-host/container.ts",
    compile: "launcher/compile/main.ts",
    "drill-client": "launcher/commands/drill/client.ts",
};

/** Replaces __dirname by the folder of the source file: in a bundle it would be the bundle's folder. */
const ownFolders = {
    name: "own-folders",
    setup: ({ onLoad }) =>
        onLoad({ filter: /\.ts$/ }, ({ path: file }) => ({
            loader: "ts",
            contents: fs.readFileSync(file, "utf8").replaceAll("__dirname", JSON.stringify(path.dirname(file))),
        })),
};

/** Bundles pulumi.ts in place of @pulumi/pulumi. The SDK's modules themselves stay outside of the bundle. */
const lightPulumi = {
    name: "light-pulumi",
    setup: ({ onResolve }) => {
        onResolve({ filter: /^@pulumi\/pulumi$/ }, () => ({ path: path.join(__dirname, "pulumi.ts") }));
        onResolve({ filter: /^@pulumi\/pulumi\/runtime$/ }, () => ({
            path: path.join(__dirname, "pulumi-runtime.ts"),
        }));
        onResolve({ filter: /^@pulumi\/pulumi\// }, ({ path: file }) => ({ path: file, external: true }));
    },
};

async function main() {
    // Other processes may do the same at the same time: write into a new folder, then rename file by file, the manifest
    // last.
    const fresh = path.join(folder, `new-${process.pid}`);
    try {
        const { metafile } = await build({
            absWorkingDir: checkout,
            entryPoints: programs,
            outdir: fresh,
            outExtension: { ".js": ".cjs" },
            bundle: true,
            platform: "node",
            target: "node20",
            // The first two cannot be bundled. execa is needed by drills only, and would slow down the start of every
            // command. ssh2 works without its compiled parts.
            external: ["esbuild", "typescript", "execa", "cpu-features", "*.node"],
            plugins: [ownFolders, lightPulumi],
            metafile: true,
            logLevel: "warning",
        });
        // npm's list of installed packages stands for the files in node_modules.
        const files = [
            ...Object.keys(metafile.inputs).filter((file) => !file.startsWith("node_modules/")),
            "package-lock.json",
            "node_modules/.package-lock.json",
            "launcher/bundle/build.cjs",
        ];
        const stamps = files.flatMap((file) => {
            const stamp = stampOf(file);
            return stamp ? [[file, stamp]] : [];
        });
        fs.writeFileSync(
            path.join(fresh, "manifest.json"),
            JSON.stringify({ checkout, files: Object.fromEntries(stamps) }),
        );
        for (const name of [...Object.keys(programs).map((program) => `${program}.cjs`), "manifest.json"])
            fs.renameSync(path.join(fresh, name), path.join(folder, name));
    } finally {
        fs.rmSync(fresh, { recursive: true, force: true });
    }
}

main().catch((error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
});
