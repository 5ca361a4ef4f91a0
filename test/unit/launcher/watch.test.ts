/** `./lab status --watch`: what is on the screen, and when it ends. */
import { afterEach, describe, expect, test } from "vitest";
import { asking, watch, type Screen } from "../../../launcher/watch";

const ends: AbortController[] = [];
const controller = () => {
    const own = new AbortController();
    ends.push(own);
    return own;
};
afterEach(() => {
    for (const end of ends.splice(0)) end.abort();
});

const escape = "\u001b";
const codes = new RegExp(`${escape}\\[[A-Z]|[^]`, "g");

/** A terminal that knows what ECMA-48 says of the codes that `watch` uses, wraps long lines and scrolls. */
class Terminal implements Screen {
    isTTY = true;
    written: string[] = [];
    scrolled = 0;
    lines: string[];
    private row = 0;
    private column = 0;

    constructor(
        public columns: number,
        public rows: number,
        private readonly onFrame: (count: number) => void,
    ) {
        this.lines = Array.from({ length: rows }, () => "old text of the shell".slice(0, columns));
    }

    write(text: string) {
        this.written.push(text);
        for (const [part] of text.matchAll(codes)) this.take(part);
        this.onFrame(this.written.length);
    }

    private take(part: string) {
        const line = this.lines[this.row] ?? "";
        if (part === "\u001b[H") [this.row, this.column] = [0, 0];
        else if (part === "\u001b[K") this.lines[this.row] = line.slice(0, this.column);
        else if (part === "\u001b[J") this.lines = this.lines.map((one, at) => (at >= this.row ? "" : one));
        else if (part === "\n") this.nextLine();
        else {
            if (this.column === this.columns) this.nextLine();
            const now = (this.lines[this.row] ?? "").padEnd(this.column);
            this.lines[this.row] = now.slice(0, this.column) + part + now.slice(this.column + 1);
            this.column += 1;
        }
    }

    private nextLine() {
        this.column = 0;
        if (this.row < this.rows - 1) this.row += 1;
        else {
            this.lines = [...this.lines.slice(1), ""];
            this.scrolled += 1;
        }
    }

    get shown() {
        return this.lines.join("\n").trimEnd();
    }
}

/** The terminal after these texts, one after the other. */
async function shownAfter(texts: string[], columns = 40, rows = 10) {
    const end = controller();
    const terminal = new Terminal(columns, rows, (count) => count === texts.length && end.abort());
    let next = 0;
    await watch(() => texts[next++] ?? "", { screen: terminal, signal: end.signal, seconds: 0.001 });
    return terminal;
}

describe("on a terminal", () => {
    test("a text takes the place of the one before, which was longer", async () => {
        const terminal = await shownAfter(["a long line\nnod0 NOT WELL\nnod1 well\n", "short\nnod0 well\n"]);
        expect(terminal.shown).toBe("short\nnod0 well");
    });

    test("the screen is never cleared before it is drawn, and each text is one write", async () => {
        const { written } = await shownAfter(["one\ntwo\n", "one\nthree\n"]);
        expect(written).toHaveLength(2);
        for (const text of written) expect(text.lastIndexOf("\u001b[J")).toBe(text.length - "\u001b[J".length);
    });

    test("a narrow one shows the beginning of each line, and a low one says how much is missing", async () => {
        const text = Array.from({ length: 8 }, (_, index) => `machine ${index} ${"x".repeat(50)}`).join("\n");
        const terminal = await shownAfter([text, text, text], 20, 6);
        expect(terminal.scrolled).toBe(0);
        expect(terminal.shown.split("\n")).toEqual([
            ...[0, 1, 2, 3].map((index) => `machine ${index} xxxxxxxxx`),
            "... 4 lines more",
        ]);
    });

    test("a text that just fits is whole", async () => {
        const terminal = await shownAfter(["123456789\nb\nc\n"], 10, 4);
        expect(terminal.shown).toBe("123456789\nb\nc");
        expect(terminal.scrolled).toBe(0);
    });
});

test("in a file each text follows the one before, without codes", async () => {
    const end = controller();
    const written: string[] = [];
    const screen = { write: (text: string) => written.push(text) === 2 && end.abort() };
    await watch(() => "one line\n", { screen, signal: end.signal, seconds: 0.001 });
    expect(written).toEqual(["one line\n\n", "one line\n\n"]);
});

test("the signal ends it at once, not after the pause", async () => {
    const end = controller();
    const terminal = new Terminal(40, 10, () => setTimeout(() => end.abort(), 10));
    await watch(() => "text", { screen: terminal, signal: end.signal, seconds: 3600 });
    expect(terminal.written).toHaveLength(1);
});

describe("asking", () => {
    const times = () => ({ seconds: 0.001, patience: 0.1, signal: controller().signal });

    test("gives the newest answer", async () => {
        let count = 0;
        const asked = asking(() => Promise.resolve((count += 1)), times());
        await asked.first;
        await expect.poll(() => asked.newest()).toBeGreaterThan(3);
    });

    test("a question that hangs has no answer any more, and holds up no other", async () => {
        let hangs = false;
        let count = 0;
        const one = asking(() => (hangs ? new Promise<string>(() => undefined) : Promise.resolve("well")), times());
        const other = asking(() => Promise.resolve((count += 1)), times());
        await Promise.all([one.first, other.first]);
        expect(one.newest()).toBe("well");
        hangs = true;
        await expect.poll(() => one.newest()).toBeUndefined();
        const before = other.newest() ?? 0;
        await expect.poll(() => other.newest()).toBeGreaterThan(before);
    });

    test("whoever waits for the first answer waits no longer than the patience", async () => {
        const asked = asking(() => new Promise<string>(() => undefined), times());
        await asked.first;
        await expect.poll(() => asked.newest()).toBeUndefined();
    });

    test("asks no more after the signal", async () => {
        const end = controller();
        let count = 0;
        const asked = asking(() => Promise.resolve((count += 1)), { seconds: 0, patience: 1, signal: end.signal });
        await asked.first;
        end.abort();
        const before = count;
        await new Promise((resolve) => setTimeout(resolve, 30));
        expect(count - before).toBeLessThanOrEqual(1);
    });
});
