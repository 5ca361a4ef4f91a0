/** Shows the steps of a long task, and how long each takes. */
export interface Progress {
    /**
     * Runs `work` under the heading `what` and prints the time that it took. `say` sets the detail that is shown, such
     * as a line of a build's output: a terminal shows the newest one, other outputs get a line every 15 s. An error
     * of `work` is thrown on.
     */
    step<T>(what: string, work: (say: (detail: string) => void) => Promise<T>): Promise<T>;
    info(text: string): void;
}

const secondsSince = (start: number) => `${((Date.now() - start) / 1000).toFixed(1)} s`;

/** A Progress that writes to `stream`. Several steps may run at once. */
export function createProgress(stream: NodeJS.WriteStream): Progress {
    const clearLine = stream.isTTY ? "\r\x1b[K" : "";
    const write = (text: string) => stream.write(`${clearLine}${text}\n`);
    return {
        info: write,
        async step(what, work) {
            const start = Date.now();
            let detail = "";
            const show = () => {
                const text = `${what} (${secondsSince(start)}) ${detail}`;
                if (stream.isTTY) stream.write(clearLine + text.slice(0, stream.columns - 1));
                else write(text);
            };
            if (!stream.isTTY) write(`${what} ...`);
            const timer = setInterval(show, stream.isTTY ? 500 : 15_000);
            try {
                const result = await work((line) => {
                    detail = line.trim();
                });
                write(`${what}: done in ${secondsSince(start)}`);
                return result;
            } catch (error) {
                write(`${what}: failed after ${secondsSince(start)}`);
                throw error;
            } finally {
                clearInterval(timer);
            }
        },
    };
}

/** A Progress that writes nothing, for tests and machine-readable output. */
export const silent: Progress = {
    info: () => undefined,
    step: (_what, work) => work(() => undefined),
};
