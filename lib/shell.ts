/** Quotes text for a POSIX shell. No other module does. */

/** `text` as one word of a POSIX shell. */
export function quote(text: string): string {
    if (text.includes("\0")) throw new Error("a shell word cannot hold a NUL byte");
    return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Each of `texts` quoted, with spaces between. */
export const words = (texts: readonly string[]) => texts.map(quote).join(" ");
