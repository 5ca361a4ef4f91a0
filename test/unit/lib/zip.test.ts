import { describe, expect, test } from "vitest";
import { readZip, ZipError } from "../../../lib/zip";
import { zip } from "../../support/war";

const bytes = Buffer.from([0, 1, 0xff, 0xfe, 0x80]);

test("names, times and contents, byte by byte", () => {
    const entries = readZip(zip({ "WEB-INF/": "", "a/b.bin": bytes, "ü.txt": "text" }));
    expect(entries.map(({ name, time }) => [name, new Date(time).toISOString()])).toEqual(
        ["WEB-INF/", "a/b.bin", "ü.txt"].map((name) => [name, "2026-11-28T07:57:10.000Z"]),
    );
    expect(entries[1]?.read().equals(bytes)).toBe(true);
    expect(entries[2]?.read().toString()).toBe("text");
});

test("an archive with a comment behind it is one", () => {
    const archive = zip({ a: "1" });
    archive.writeUInt16LE(3, archive.length - 2);
    expect(readZip(Buffer.concat([archive, Buffer.from("end")]))).toHaveLength(1);
});

describe("is refused:", () => {
    const damaged = (change: (archive: Buffer) => void) => {
        const archive = zip({ "page.jsp": "some text, some text" });
        change(archive);
        return () => readZip(archive).map((entry) => entry.read());
    };

    test.each([
        ["a text", () => readZip(Buffer.from("<html>not found</html>")), "is no ZIP archive"],
        ["an empty file", () => readZip(Buffer.alloc(0)), "is no ZIP archive"],
        ["half of one", () => readZip(zip({ a: "1", b: "2" }).subarray(0, 40)), "is no ZIP archive"],
        ["another content", damaged((archive) => archive.fill(0xff, 38, 42)), "is damaged: page.jsp"],
        ["a name that leads out", () => readZip(zip({ "a/../../etc/passwd": "" })), "has an entry with the name"],
        ["an absolute name", () => readZip(zip({ "/etc/passwd": "" })), "has an entry with the name"],
        ["a name of Windows", () => readZip(zip({ "..\\a": "" })), "has an entry with the name"],
    ])("%s", (_name, read, message) => {
        expect(read).toThrow(ZipError);
        expect(read).toThrow(message);
    });
});
