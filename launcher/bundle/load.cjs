"use strict";
/**
 * Finds the bundle of a program of this project: one JavaScript file, which loads much faster than hundreds of
 * TypeScript files. The bundles are in .bundle/ of the checkout, and are made again when one of their source files has
 * changed.
 */
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const checkout = path.join(__dirname, "..", "..");
const folder = path.join(checkout, ".bundle");

/** Changes whenever the file changes; undefined for a file that does not exist. */
function stampOf(file) {
    const stats = fs.statSync(path.join(checkout, file), { throwIfNoEntry: false });
    return stats && `${stats.mtimeMs} ${stats.size}`;
}

/**
 * Whether the bundles are current. Bundles contain the checkout's path, so those of a moved or copied checkout are not.
 */
function isFresh() {
    try {
        const manifest = JSON.parse(fs.readFileSync(path.join(folder, "manifest.json"), "utf8"));
        return (
            manifest.checkout === checkout &&
            Object.entries(manifest.files).every(([file, stamp]) => stampOf(file) === stamp)
        );
    } catch {
        return false;
    }
}

/** Path of a bundle, which is made if it is not current. build.cjs lists the names. */
function bundleOf(name) {
    if (!isFresh())
        execFileSync(process.execPath, [path.join(__dirname, "build.cjs")], {
            stdio: ["ignore", "inherit", "inherit"],
        });
    return path.join(folder, `${name}.cjs`);
}

module.exports = { bundleOf, checkout, folder, stampOf };
