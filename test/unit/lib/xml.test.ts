import { expect, test } from "vitest";
import { escapeXml } from "../../../lib/xml";

test("markup becomes text", () => {
    expect(escapeXml(`<a href="x" title='&'>`)).toBe("&#60;a href=&#34;x&#34; title=&#39;&#38;&#39;&#62;");
});

test("slashes and letters of all languages stay", () => {
    expect(escapeXml("/srv/Grüße 😀\n")).toBe("/srv/Grüße 😀\n");
});

test("a character that XML 1.0 forbids becomes a question mark", () => {
    expect(escapeXml("a\u0000b\u001b[1mc")).toBe("a?b?[1mc");
});
