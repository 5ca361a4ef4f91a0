/** How long steps tell what they do and how long they have been at it. */
export interface Progress {
    /**
     * Runs `work` under the heading `what`. `say` tells the newest detail (a line of a build's output, say); on a terminal it replaces
     * the one before, elsewhere a line is printed every 15 s. Ends with the time taken, or with "failed" and the error thrown on.
     */
    step<T>(what: string, work: (say: (detail: string) => void) => Promise<T>): Promise<T>;
    info(text: string): void;
}

const secondsSince = (start: number) => `${((Date.now() - start) / 1000).toFixed(1)} s`;

/** A Progress that writes to `stream`; steps may run side by side. */
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

/** A Progress that says nothing: for tests and for machine-readable output. */
export const silent: Progress = {
    info: () => undefined,
    step: (_what, work) => work(() => undefined),
};
