/**
 * Reads this machine's apt sources, so that the lab uses the same mirrors and the repository names none. Understands
 * both formats of sources.list(5), one-line and deb822, and lists of mirrors (`mirror+file:`).
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** One entry of sources.list(5), without its options. */
export interface AptSource {
    types: string[]; // "deb", "deb-src"
    uris: string[];
    suites: string[];
    components: string[];
}

const words = (text: string | undefined) => (text ?? "").split(/\s+/).filter(Boolean);

/** One-line format: `deb [options] uri suite component...`. */
export function parseOneLine(text: string): AptSource[] {
    return text.split("\n").flatMap((line) => {
        const entry = /^\s*(deb|deb-src)\s+(?:\[[^\]]*\]\s*)?([^#]+)/.exec(line);
        const [uri, suite, ...components] = words(entry?.[2]);
        return entry?.[1] && uri && suite ? [{ types: [entry[1]], uris: [uri], suites: [suite], components }] : [];
    });
}

/**
 * deb822 format: stanzas of `Field: value`, with values that continue on indented lines, and comment lines that begin
 * with `#`.
 */
export function parseDeb822(text: string): AptSource[] {
    const withoutComments = text
        .split("\n")
        .filter((line) => !line.startsWith("#"))
        .join("\n");
    return withoutComments.split(/\n\s*\n/).flatMap((stanza) => {
        const unfolded = stanza.replace(/\n[ \t]+/g, " ");
        const fields = new Map(
            unfolded.split("\n").map((line) => {
                const colon = line.indexOf(":");
                return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const;
            }),
        );
        if (/^(no|false|off|0)$/i.test(fields.get("enabled") ?? "") || !fields.has("uris")) return [];
        return [
            {
                types: words(fields.get("types")),
                uris: words(fields.get("uris")),
                suites: words(fields.get("suites")),
                components: words(fields.get("components")),
            },
        ];
    });
}

/** The mirrors in the list that a `mirror+file:` URI names; for any other URI, the URI itself. */
function resolveMirrorList(uri: string): string[] {
    const file = /^mirror\+file:(?:\/\/)?(\/.*)$/.exec(uri)?.[1];
    if (!file) return [uri];
    return existsSync(file)
        ? readFileSync(file, "utf8")
              .split("\n")
              .flatMap((line) => words(line.replace(/#.*/, ""))[0] ?? [])
        : [];
}

/**
 * All enabled sources, in apt's order. `folder` is apt's configuration folder; a file that is missing counts as empty.
 */
export function readAptSources(folder = "/etc/apt"): AptSource[] {
    const parts = join(folder, "sources.list.d");
    const files = [
        join(folder, "sources.list"),
        ...(existsSync(parts)
            ? readdirSync(parts)
                  .sort()
                  .map((file) => join(parts, file))
            : []),
    ];
    return files
        .filter(existsSync)
        .flatMap((file) => {
            if (file.endsWith(".list")) return parseOneLine(readFileSync(file, "utf8"));
            if (file.endsWith(".sources")) return parseDeb822(readFileSync(file, "utf8"));
            return [];
        })
        .map((source) => ({ ...source, uris: source.uris.flatMap(resolveMirrorList) }));
}

/**
 * The address of the Debian archive (not the security archive) among `sources`, without a slash at its end; undefined
 * where there is none, as on a machine that is not Debian. Third-party archives use Debian's suite names, too: only
 * Debian's archive has an `-updates` suite, and where no source names one (sid), the archive is the one whose path ends
 * in /debian.
 */
export function debianMirror(sources: AptSource[] = readAptSources()): string | undefined {
    const debs = sources.filter((source) => source.types.includes("deb") && source.components.includes("main"));
    const uris = [...new Set(debs.flatMap((source) => source.uris))];
    const suitesOf = (uri: string) =>
        debs.filter((source) => source.uris.includes(uri)).flatMap((source) => source.suites);
    const isDebianSuite = (suite: string) =>
        /^(bullseye|bookworm|trixie|forky|duke|sid|(old)*stable|testing|unstable)(-updates)?$/.test(suite);
    const candidates = uris.filter((uri) => suitesOf(uri).some(isDebianSuite));
    const mirror =
        candidates.find((uri) => suitesOf(uri).some((suite) => suite.endsWith("-updates"))) ??
        candidates.find((uri) => /\/debian\/?$/.test(uri));
    return mirror?.replace(/\/+$/, "");
}
