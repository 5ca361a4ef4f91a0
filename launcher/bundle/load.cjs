"use strict";
/**
 * Loads a program of this project as one file of JavaScript, which takes a fraction of the time that its hundreds of files of TypeScript,
 * and those of its packages, would. The bundles are in .bundle/ of the checkout, and made anew whenever one of the files that they were
 * made of has changed. Plain JavaScript, as nothing here can be bundled itself.
 */
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const checkout = path.join(__dirname, "..", "..");
const folder = path.join(checkout, ".bundle");

/** What tells a file from a changed one; undefined for one that is not there. */
function stampOf(file) {
    const stats = fs.statSync(path.join(checkout, file), { throwIfNoEntry: false });
    return stats && `${stats.mtimeMs} ${stats.size}`;
}

/** A bundle knows its checkout's folder, so that one that was moved or copied needs another. */
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

/** The bundle's path; `name` is one of those in build.cjs. */
function bundleOf(name) {
    if (!isFresh())
        execFileSync(process.execPath, [path.join(__dirname, "build.cjs")], {
            stdio: ["ignore", "inherit", "inherit"],
        });
    return path.join(folder, `${name}.cjs`);
}

module.exports = { bundleOf, checkout, folder, stampOf };
