/** Reads ZIP archives (PKWARE's APPNOTE): wars and jars. Small enough to need no library. */
import { crc32, inflateRawSync } from "node:zlib";

export interface ZipEntry {
    /** With slashes, relative. Ends with a slash for a folder. */
    name: string;
    /** Milliseconds since 1970; the archive's local time is read as UTC, so that all machines agree. */
    time: number;
    /** The content. Throws a ZipError for a damaged entry. */
    read: () => Buffer;
}

/** The file is no archive, is damaged, or has what no application's archive has. The message follows the file's name. */
export class ZipError extends Error {}

const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;

/** The entries of an archive. */
export function readZip(file: Buffer): ZipEntry[] {
    const end = file.subarray(-(22 + 0xffff)).lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
    const record = end < 0 ? undefined : file.subarray(-(22 + 0xffff)).subarray(end);
    if (!record || record.length < 22 || record.readUInt32LE(0) !== endSignature)
        throw new ZipError("is no ZIP archive, or only the beginning of one");
    const count = record.readUInt16LE(10);
    let at = record.readUInt32LE(16);
    if (count === 0xffff || at === 0xffffffff) throw new ZipError("is a ZIP64 archive, which is not read here");
    return Array.from({ length: count }, () => {
        if (at + 46 > file.length || file.readUInt32LE(at) !== entrySignature)
            throw new ZipError("is damaged: its list of files cannot be read");
        const header = file.subarray(at);
        const nameLength = header.readUInt16LE(28);
        const name = header.subarray(46, 46 + nameLength).toString("utf8");
        at += 46 + nameLength + header.readUInt16LE(30) + header.readUInt16LE(32);
        // An archive must not write outside of its folder.
        if (name.startsWith("/") || /[\0\\\n\r]/.test(name) || name.split("/").includes(".."))
            throw new ZipError(`has an entry with the name ${JSON.stringify(name)}`);
        return { name, time: timeOf(header), read: () => contentOf(file, header, name) };
    });
}

/** MS-DOS format: two seconds are one unit. */
function timeOf(header: Buffer): number {
    const [time, date] = [header.readUInt16LE(12), header.readUInt16LE(14)];
    return Date.UTC(
        1980 + (date >> 9),
        ((date >> 5) & 15) - 1,
        date & 31,
        time >> 11,
        (time >> 5) & 63,
        (time & 31) * 2,
    );
}

function contentOf(file: Buffer, header: Buffer, name: string): Buffer {
    const damaged = (why: string) => new ZipError(`is damaged: ${name} ${why}`);
    const [flags, method] = [header.readUInt16LE(8), header.readUInt16LE(10)];
    if (flags & 1) throw new ZipError(`has an encrypted entry, ${name}`);
    const local = header.readUInt32LE(42);
    if (local + 30 > file.length) throw damaged("lies behind its end");
    const start = local + 30 + file.readUInt16LE(local + 26) + file.readUInt16LE(local + 28);
    const packed = file.subarray(start, start + header.readUInt32LE(20));
    let content: Buffer;
    try {
        content = method === 0 ? packed : inflateRawSync(packed, { maxOutputLength: header.readUInt32LE(24) || 1 });
    } catch {
        throw damaged("cannot be unpacked");
    }
    if (method !== 0 && method !== 8) throw new ZipError(`has an entry of an unknown method, ${name}`);
    if (crc32(content) !== header.readUInt32LE(16)) throw damaged("has another checksum than it should");
    return content;
}
