/** Makes archives and class files for tests. */
import { crc32, deflateRawSync } from "node:zlib";

/** A ZIP archive with these files, in their order. */
export function zip(files: Record<string, string | Buffer>): Buffer {
    const bodies: Buffer[] = [];
    const list: Buffer[] = [];
    let offset = 0;
    for (const [name, text] of Object.entries(files)) {
        const content = Buffer.from(text as string);
        const packed = deflateRawSync(content);
        const common = Buffer.alloc(26);
        common.writeUInt16LE(20, 0);
        common.writeUInt16LE(8, 4);
        // 2026-11-28 07:57:10
        common.writeUInt16LE((7 << 11) | (57 << 5) | 5, 6);
        common.writeUInt16LE((46 << 9) | (11 << 5) | 28, 8);
        common.writeUInt32LE(crc32(content), 10);
        common.writeUInt32LE(packed.length, 14);
        common.writeUInt32LE(content.length, 18);
        common.writeUInt16LE(Buffer.byteLength(name), 22);
        const tail = Buffer.alloc(14);
        tail.writeUInt32LE(offset, 10);
        const body = Buffer.concat([Buffer.from("PK\x03\x04"), common, Buffer.from(name), packed]);
        list.push(Buffer.concat([Buffer.from("PK\x01\x02\x14\x00"), common, tail, Buffer.from(name)]));
        bodies.push(body);
        offset += body.length;
    }
    const directory = Buffer.concat(list);
    const end = Buffer.alloc(22);
    end.writeUInt32LE(0x06054b50, 0);
    end.writeUInt16LE(list.length, 8);
    end.writeUInt16LE(list.length, 10);
    end.writeUInt32LE(directory.length, 12);
    end.writeUInt32LE(offset, 16);
    return Buffer.concat([...bodies, directory, end]);
}

/** The beginning of a class file, and a name in its constants. */
export function classFile(java: number, names = ""): Buffer {
    const head = Buffer.alloc(10);
    head.writeUInt32BE(0xcafebabe, 0);
    head.writeUInt16BE(java + 44, 6);
    return Buffer.concat([head, Buffer.from(names)]);
}
