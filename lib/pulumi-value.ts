/** A value as Pulumi writes it, always as text: text that is no JSON is text, and so is a number that would lose something as a number. */
export function parseValue(text: string): unknown {
    try {
        const value = JSON.parse(text) as boolean | number | string | object | null;
        return typeof value === "object" || String(value) === text ? value : text;
    } catch {
        return text;
    }
}
