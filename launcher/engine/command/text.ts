/** Text formats of the genuine plugin's errors. It is a Go program. */

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

/** A text in quotes, with escapes for unprintable characters, as Go's %q writes it. */
export function quote(text: string): string {
    const escaped = text.replace(/[\p{C}\p{Zl}\p{Zp}\\"]|(?! )\p{Zs}/gu, (character) => {
        const code = character.codePointAt(0) ?? 0;
        if (ESCAPES[character]) return ESCAPES[character];
        if (code < 0x80) return `\\x${code.toString(16).padStart(2, "0")}`;
        return code < 0x10000 ? `\\u${code.toString(16).padStart(4, "0")}` : `\\U${code.toString(16).padStart(8, "0")}`;
    });
    return `"${escaped}"`;
}

/** A command's output as the state has it. */
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

/** Go's message for an error of a system call; for any other error, its own message. */
export function systemError(error: unknown): string {
    const { code, message } = error as { code?: unknown; message?: string };
    return (typeof code === "string" ? SYSTEM_ERRORS[code] : undefined) ?? message ?? String(error);
}
