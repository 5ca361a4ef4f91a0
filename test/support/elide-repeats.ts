/** Shorter runs of lines are not worth a reference. */
const leastLines = 8;

/**
 * `text` without what it repeats: a run of lines that already stands further up becomes one line, which quotes the
 * first of them. Golden files of scripts with a common part stay short, and a change of that part is one change.
 */
export function elideRepeats(text: string): string {
    const lines = text.split("\n");
    /** Where each run of `leastLines` lines begins for the first time. */
    const first = new Map<string, number>();
    const kept: string[] = [];
    for (let at = 0; at < lines.length;) {
        const run = lines.slice(at, at + leastLines).join("\n");
        const earlier = at + leastLines <= lines.length ? first.get(run) : undefined;
        if (earlier === undefined || earlier + leastLines > at) {
            if (earlier === undefined) first.set(run, at);
            kept.push(lines[at] ?? "");
            at += 1;
            continue;
        }
        let length = leastLines;
        while (at + length < lines.length && earlier + length < at && lines[at + length] === lines[earlier + length])
            length += 1;
        kept.push(`... ${length} lines as above, from: ${(lines[at] ?? "").trim()}`);
        at += length;
    }
    return kept.join("\n");
}
