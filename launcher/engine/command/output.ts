import { StringDecoder } from "node:string_decoder";
import { withoutLastNewline } from "./text";
import type { Context } from "./context";

/** What a command has written, as its resource keeps it. */
export interface Output {
    stdout: string;
    stderr: string;
}

/** Takes a running command's output: keeps each stream, keeps both in the order in which they came, and shows lines while they come. */
export class OutputCollector {
    #chunks: Record<keyof Output, Buffer[]> = { stdout: [], stderr: [] };
    #both: Buffer[] = [];
    #decoder = new StringDecoder("utf8");
    #line = "";

    /** `logging` names the streams that are shown: stdout, stderr, none, or by default both. */
    constructor(
        private readonly context: Context,
        private readonly logging: string | undefined,
    ) {}

    write(stream: keyof Output, chunk: Buffer): void {
        this.#chunks[stream].push(chunk);
        this.#both.push(chunk);
        if (this.logging !== undefined && this.logging !== stream && this.logging !== "stdoutAndStderr") return;
        const lines = (this.#line + this.#decoder.write(chunk)).split("\n");
        this.#line = lines.pop() ?? "";
        for (const line of lines) this.context.status(line.replace(/\r$/, ""));
    }

    /** Shows a last line that no newline ended, and gives what the resource keeps. */
    finish(): Output {
        if (this.#line !== "") this.context.status(this.#line);
        const text = (stream: keyof Output) => withoutLastNewline(Buffer.concat(this.#chunks[stream]).toString());
        return { stdout: text("stdout"), stderr: text("stderr") };
    }

    /** Everything written so far, for an error. */
    everything(): string {
        return Buffer.concat(this.#both).toString();
    }
}

/** What an earlier run has written, for the next one's environment. Empty output is left out. */
export function previousOutput(enabled: boolean | undefined, previous: Output): Record<string, string> {
    if (enabled === false) return {};
    const variables = { PULUMI_COMMAND_STDOUT: previous.stdout, PULUMI_COMMAND_STDERR: previous.stderr };
    return Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ""));
}
