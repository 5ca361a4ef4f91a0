/** A text that is shown again and again, for `./lab status --watch`. */
import { setTimeout as wait } from "node:timers/promises";

/** What a text is shown on: standard output, for example. */
export interface Screen {
    isTTY?: boolean;
    columns?: number;
    rows?: number;
    write(text: string): unknown;
}

/** Shows what `text` gives every `seconds` until `signal`. On a terminal it stays in the same place. */
export async function watch(
    text: () => string,
    { screen, signal, seconds }: { screen: Screen; signal: AbortSignal; seconds: number },
): Promise<void> {
    while (!signal.aborted) {
        screen.write(screen.isTTY ? frame(text(), screen) : `${text()}\n`);
        await pause(seconds, signal);
    }
}

/** Each line takes the place of the one that is there. Clearing the whole screen first would flicker (ECMA-48). */
const [home, clearLine, clearBelow] = ["\u001b[H", "\u001b[K", "\u001b[J"];

/** A longer line would wrap, and more lines would scroll: both move what the next frame has to replace. */
function frame(text: string, { columns = 80, rows = 24 }: Screen): string {
    const lines = text.trimEnd().split("\n");
    const room = rows - 1;
    const shown =
        lines.length <= room ? lines : [...lines.slice(0, room - 1), `... ${lines.length - room + 1} lines more`];
    // The last column stays empty: after a character there, clearing the line would clear that character.
    return `${home}${shown.map((line) => `${line.slice(0, columns - 1)}${clearLine}\n`).join("")}${clearBelow}`;
}

const pause = (seconds: number, signal: AbortSignal) =>
    wait(seconds * 1000, undefined, { signal }).catch((error: unknown) => {
        if (!signal.aborted) throw error;
    });

/** The newest answer to a question that is asked again and again. */
export interface Asked<T> {
    /** Settles at the first answer, or after `patience` without one. */
    first: Promise<unknown>;
    /** Undefined if the last question has no answer after `patience`: it hangs, and what was true is not known. */
    newest(): T | undefined;
}

/** Asks every `seconds` until `signal`. One that hangs holds up no other. `ask` must not fail. */
export function asking<T>(
    ask: () => Promise<T>,
    { seconds, patience, signal }: { seconds: number; patience: number; signal: AbortSignal },
): Asked<T> {
    let answer: T | undefined;
    let since = performance.now();
    let isOpen = true;
    const once = async () => {
        since = performance.now();
        isOpen = true;
        answer = await ask();
        isOpen = false;
    };
    const start = once();
    void (async () => {
        await start;
        for (;;) {
            await pause(seconds, signal);
            if (signal.aborted) return;
            await once();
        }
    })();
    return {
        first: Promise.race([start, pause(patience, signal)]),
        newest: () => (isOpen && performance.now() - since > patience * 1000 ? undefined : answer),
    };
}
