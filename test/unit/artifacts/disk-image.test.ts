/** A wrong image file is reported before a machine is made of it. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ensureDiskImage, type DiskImage } from "../../../artifacts/disk-image";
import type { Fetch } from "../../../artifacts/fetchers";
import type { LabDescription } from "../../../config/description";
import { UserError } from "../../../lib/errors";
import { silent } from "../../../lib/progress";

/** printf image | sha256sum */
const sum = "6105d6cc76af400325e94d588ce511be5bfdbb73b437dc51eca43917d7a43e3d";
const another = "0".repeat(64);
const address = "https://images.example/pub/debian.qcow2";

let cache: string;
let fetches: string[];
beforeEach(() => {
    cache = mkdtempSync(join(tmpdir(), "image-"));
    fetches = [];
});
afterEach(() => {
    rmSync(cache, { recursive: true });
});

const fetchOf =
    (content: string): Fetch =>
    ([wanted], folder) => {
        fetches.push(wanted!.address);
        writeFileSync(join(folder, wanted!.file), content);
        return Promise.resolve();
    };
const ensure = (
    image: LabDescription["image"],
    { offline = false, content = "image" } = {},
): Promise<DiskImage | undefined> =>
    ensureDiskImage({ platform: "debian-13", image }, { cache, offline, progress: silent, fetch: fetchOf(content) });

test("a local file is used in place, and its sum is its identity, given or not", async () => {
    const source = join(cache, "mine.qcow2");
    writeFileSync(source, "image");
    expect(await ensure({ source, sha256: sum })).toEqual({ path: source, identity: sum.slice(0, 12) });
    expect(await ensure({ source })).toEqual({ path: source, identity: sum.slice(0, 12) });
    expect(fetches).toEqual([]);
});

test("an address is fetched once, and has the same identity as the file", async () => {
    const first = await ensure({ source: address, sha256: sum });
    expect(first).toEqual({ path: join(cache, "artifacts", sum, "debian.qcow2"), identity: sum.slice(0, 12) });
    expect(readFileSync(first!.path, "utf8")).toBe("image");
    expect(await ensure({ source: address, sha256: sum }, { offline: true })).toEqual(first);
    expect(fetches).toEqual([address]);
    expect(readdirSync(dirname(first!.path))).toEqual(["debian.qcow2"]);
});

test("a changed copy in the cache is fetched again", async () => {
    const { path } = (await ensure({ source: address, sha256: sum }))!;
    writeFileSync(path, "half of it");
    expect(await ensure({ source: address, sha256: sum })).toEqual({ path, identity: sum.slice(0, 12) });
    expect(fetches).toHaveLength(2);
});

test.each<[string, () => Promise<unknown>, RegExp]>([
    [
        "a file with another sum",
        () => {
            writeFileSync(join(cache, "mine.qcow2"), "image");
            return ensure({ source: join(cache, "mine.qcow2"), sha256: another });
        },
        new RegExp(`has the sha256 ${sum} instead of ${another}`),
    ],
    ["no file", () => ensure({ source: "/nowhere/image.qcow2" }), /nowhere\/image\.qcow2 does not exist/],
    [
        "a download with another sum",
        () => ensure({ source: address, sha256: sum }, { content: "a page that says no" }),
        new RegExp(`instead of ${sum}`),
    ],
    [
        "an address without a network",
        () => ensure({ source: address, sha256: sum }, { offline: true }),
        /downloads are forbidden/,
    ],
])("%s is the user's to mend", async (_what, ask, message) => {
    await expect(ask()).rejects.toThrow(message);
    await expect(ask()).rejects.toThrow(UserError);
});

test("a failed download leaves no file that could pass for the image", async () => {
    const failing: Fetch = ([wanted], folder) => {
        writeFileSync(join(folder, wanted!.file), "im");
        return Promise.reject(new Error("the line went dead"));
    };
    await expect(
        ensureDiskImage(
            { platform: "debian-13", image: { source: address, sha256: sum } },
            { cache, offline: false, progress: silent, fetch: failing },
        ),
    ).rejects.toThrow(/could not be downloaded: the line went dead/);
    expect(existsSync(join(cache, "artifacts", sum, "debian.qcow2"))).toBe(false);
    expect(readdirSync(join(cache, "artifacts", sum))).toEqual([]);
});

test("without a named or published image there is nothing to fetch", async () => {
    expect(await ensure(undefined)).toBeUndefined();
});
