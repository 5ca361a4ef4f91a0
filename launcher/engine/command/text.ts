/** Texts in the form in which the genuine plugin, a Go program, writes them into errors. */

const ESCAPES: Record<string, string> = {
    "\u0007": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
    '"': '\\"',
};

/** A text in quotes, as Go's %q writes it: what cannot be printed is escaped. */
export function quote(text: string): string {
    const escaped = text.replace(/[\p{C}\p{Zl}\p{Zp}\\"]|(?! )\p{Zs}/gu, (character) => {
        const code = character.codePointAt(0) ?? 0;
        if (ESCAPES[character]) return ESCAPES[character];
        if (code < 0x80) return `\\x${code.toString(16).padStart(2, "0")}`;
        return code < 0x10000 ? `\\u${code.toString(16).padStart(4, "0")}` : `\\U${code.toString(16).padStart(8, "0")}`;
    });
    return `"${escaped}"`;
}

/** A command's output as it is kept: without the last newline. */
export const withoutLastNewline = (output: string) => (output.endsWith("\n") ? output.slice(0, -1) : output);

const SYSTEM_ERRORS: Record<string, string> = {
    ECONNREFUSED: "connection refused",
    ECONNRESET: "connection reset by peer",
    EHOSTUNREACH: "no route to host",
    ENETUNREACH: "network is unreachable",
    ENOENT: "no such file or directory",
    EACCES: "permission denied",
    ENOTDIR: "not a directory",
    EISDIR: "is a directory",
    ETIMEDOUT: "connection timed out",
};

/** What the system said, in its own words; an error that is no system call's keeps its message. */
export function systemError(error: unknown): string {
    const { code, message } = error as { code?: unknown; message?: string };
    return (typeof code === "string" ? SYSTEM_ERRORS[code] : undefined) ?? message ?? String(error);
}
