import { StringDecoder } from "node:string_decoder";
import { withoutLastNewline } from "./text";
import type { Context } from "./context";

/** The output of a command, as the state has it. */
export interface Output {
    stdout: string;
    stderr: string;
}

/** Collects the output of a running command, each stream and both together, and shows its lines as they come. */
export class OutputCollector {
    #chunks: Record<keyof Output, Buffer[]> = { stdout: [], stderr: [] };
    #both: Buffer[] = [];
    #decoder = new StringDecoder("utf8");
    #line = "";

    /** `logging`: which streams are shown: stdout, stderr, none or stdoutAndStderr (the default). */
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

    /** Shows a last line without a newline, and gives the output for the state. */
    finish(): Output {
        if (this.#line !== "") this.context.status(this.#line);
        const text = (stream: keyof Output) => withoutLastNewline(Buffer.concat(this.#chunks[stream]).toString());
        return { stdout: text("stdout"), stderr: text("stderr") };
    }

    /** The whole output so far, for an error. */
    everything(): string {
        return Buffer.concat(this.#both).toString();
    }
}

/** Environment variables with the output of the run before. Empty output is left out. */
export function previousOutput(enabled: boolean | undefined, previous: Output): Record<string, string> {
    if (enabled === false) return {};
    const variables = { PULUMI_COMMAND_STDOUT: previous.stdout, PULUMI_COMMAND_STDERR: previous.stderr };
    return Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ""));
}
