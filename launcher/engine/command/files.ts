import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { makeArchive, makeAsset, type ValueMap } from "./values";

/**
 * The files in a folder that match patterns, as assets by their path in the folder. A pattern that begins with `!`
 * excludes files.
 */
export function findAssets(folder: string, patterns: string[]): ValueMap {
    const rules = patterns.map((pattern) => ({
        excludes: pattern.startsWith("!"),
        matches: globToRegExp(pattern.replace(/^!/, "")),
    }));
    const picked = filesBeneath(folder).filter((file) =>
        rules.reduce((isPicked, { excludes, matches }) => (matches.test(file) ? !excludes : isPicked), false),
    );
    return Object.fromEntries(
        picked.map((file) => {
            const place = path.posix.join(folder, file);
            return [file, makeAsset(place, createHash("sha256").update(readFileSync(place)).digest("hex"))];
        }),
    );
}

/** The same files as one archive. */
export function findArchive(folder: string, patterns: string[]): ValueMap {
    const assets = findAssets(folder, patterns);
    return makeArchive(assets, archiveHash(folder, Object.keys(assets)));
}

function filesBeneath(folder: string, prefix = ""): string[] {
    return readdirSync(path.join(folder, prefix), { withFileTypes: true }).flatMap((entry) => {
        const name = prefix + entry.name;
        return entry.isDirectory() ? filesBeneath(folder, `${name}/`) : [name];
    });
}

/**
 * A pattern of gobwas/glob with separator `/`. `*` and `?` do not match the separator, `**` does, anywhere in the
 * pattern; `[a-z]`, `[!a]` and `{one,other}` mean the same as in a shell.
 */
export function globToRegExp(pattern: string): RegExp {
    let depth = 0;
    const source = pattern.replace(/\\.|\*\*+|\*|\?|\[!?[^\]]*\]|[{},]|[$()+.^|/]/gs, (token) => {
        if (token.startsWith("\\")) return token.slice(1).replace(/[^\w]/, "\\$&");
        if (token.startsWith("**")) return ".*";
        if (token.startsWith("[")) return token.replace(/^\[!/, "[^");
        switch (token) {
            case "*":
                return "[^/]*";
            case "?":
                return "[^/]";
            case "{":
                depth++;
                return "(?:";
            case "}":
                depth--;
                return ")";
            case ",":
                return depth > 0 ? "|" : ",";
            default:
                return `\\${token}`;
        }
    });
    return new RegExp(`^${source}$`, "s");
}

/**
 * Pulumi's hash of an archive: the SHA-256 of a tar file (ustar, mode 0600, no time, no owner) with the files in the
 * order of names.
 */
function archiveHash(folder: string, names: string[]): string {
    const hash = createHash("sha256");
    for (const name of names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) {
        const content = readFileSync(path.join(folder, name));
        hash.update(tarHeader(name, content.length))
            .update(content)
            .update(Buffer.alloc(-content.length & 511));
    }
    return hash.update(Buffer.alloc(1024)).digest("hex");
}

function tarHeader(name: string, size: number): Buffer {
    const header = Buffer.alloc(512);
    const octal = (value: number, offset: number, width: number) =>
        header.write(`${value.toString(8).padStart(width - 1, "0")}\0`, offset);
    header.write(name, 0, 100);
    octal(0o600, 100, 8);
    octal(0, 108, 8);
    octal(0, 116, 8);
    octal(size, 124, 12);
    octal(0, 136, 12);
    header.write("        0", 148);
    header.write("ustar\x0000", 257, "latin1");
    octal(0, 329, 8);
    octal(0, 337, 8);
    octal(
        header.reduce((sum, byte) => sum + byte, 0),
        148,
        7,
    );
    return header;
}
