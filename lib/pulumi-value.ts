/**
 * A configuration value, which Pulumi stores as text: parsed where it is JSON. A number stays text where parsing would
 * change it, as with `1.0`.
 */
export function parseValue(text: string): unknown {
    try {
        const value = JSON.parse(text) as boolean | number | string | object | null;
        return typeof value === "object" || String(value) === text ? value : text;
    } catch {
        return text;
    }
}
