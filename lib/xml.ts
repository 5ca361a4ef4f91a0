/**
 * `text` for an XML element or attribute. A character that XML 1.0 forbids, such as most control characters, becomes
 * "?".
 */
export const escapeXml = (text: string): string =>
    text
        .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "?")
        .replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
