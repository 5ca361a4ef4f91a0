/** The disk image of virtual machines. */
import { createHash } from "node:crypto";
import { createReadStream, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { LabDescription } from "../config/description";
import { imageOf } from "../config/chosen-image";
import { UserError } from "../lib/errors";
import { withLock } from "../lib/lock";
import type { Progress } from "../lib/progress";
import { fetchers, type Fetch } from "./fetchers";

export interface DiskImage {
    /** Path of a qcow2 file on the control machine. */
    path: string;
    /** Machines are replaced when the identity of their image changes. */
    identity: string;
}

export const sha256Of = async (path: string): Promise<string> => {
    const hash = createHash("sha256");
    await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
    return hash.digest("hex");
};

/**
 * The image that the stack file or the platform names. An image at an address is downloaded once, into
 * `cache`/artifacts; its sum is checked at every call and is its identity. Undefined where the launcher builds the
 * platform's image (launcher/isolated-host/image.ts).
 */
export async function ensureDiskImage(
    description: Pick<LabDescription, "image" | "platform">,
    options: { cache: string; offline: boolean; progress: Progress; fetch?: Fetch },
): Promise<DiskImage | undefined> {
    const image = imageOf(description);
    if (!image) return undefined;
    const path = image.source.startsWith("/") ? image.source : await download(image.source, image.sha256, options);
    if (!existsSync(path))
        throw new UserError(
            `The disk image ${path} does not exist.`,
            "Put it there, or name another one: lab:image.source.",
        );
    const sha256 = await sha256Of(path);
    if (image.sha256 !== undefined && sha256 !== image.sha256) {
        throw new UserError(
            `The disk image ${path} has the sha256 ${sha256} instead of ${image.sha256}. No machine was made from it.`,
            "Get the right file, or change lab:image.sha256 if this is the file that you want.",
        );
    }
    return { path, identity: sha256.slice(0, 12) };
}

/**
 * Downloads the image at an address into the cache, unless it is there. Its folder is named by its sum, or a hash of
 * the address.
 */
async function download(
    address: string,
    sha256: string | undefined,
    { cache, offline, progress, fetch = fetchers.url }: Parameters<typeof ensureDiskImage>[1],
): Promise<string> {
    const folder = join(cache, "artifacts", sha256 ?? createHash("sha256").update(address).digest("hex"));
    const file = basename(new URL(address).pathname);
    const place = join(folder, file);
    return withLock(place, async () => {
        if (existsSync(place) && (sha256 === undefined || (await sha256Of(place)) === sha256)) return place;
        const remedy = `Put it there as ${place}, or name a file: lab:image.source.`;
        if (offline)
            throw new UserError(
                `The disk image ${address} is not in the cache, and downloads are forbidden (--offline, LAB_OFFLINE).`,
                remedy,
            );
        mkdirSync(folder, { recursive: true });
        const scratch = mkdtempSync(join(folder, ".fetching-"));
        try {
            await progress
                .step(`Downloading ${address}`, (say) => fetch([{ file, address }], scratch, say))
                .catch((error: unknown) => {
                    throw new UserError(`The disk image could not be downloaded: ${(error as Error).message}`, remedy);
                });
            renameSync(join(scratch, file), place);
        } finally {
            rmSync(scratch, { recursive: true, force: true });
        }
        return place;
    });
}
