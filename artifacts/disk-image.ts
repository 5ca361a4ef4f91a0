/** The disk image that a site's virtual machines start from. */
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
    /** Where it lies on the control machine: qcow2. */
    path: string;
    /** What it is, as far as machines are concerned: an image with another identity makes other machines. */
    identity: string;
}

export const sha256Of = async (path: string): Promise<string> => {
    const hash = createHash("sha256");
    await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
    return hash.digest("hex");
};

/**
 * The image that the stack file or the platform names, on this machine and with the sum that it should have: a file where it is, an address
 * fetched into `cache`/artifacts once. Its identity is its sum, wherever it came from. Undefined where the site's platform has its image built here (launcher/isolated-host/image.ts).
 */
export async function ensureDiskImage(
    description: Pick<LabDescription, "image" | "platform">,
    options: { cache: string; offline: boolean; progress: Progress; fetch?: Fetch },
): Promise<DiskImage | undefined> {
    const image = imageOf(description);
    if (!image) return undefined;
    const path = image.source.startsWith("/") ? image.source : await fetched(image.source, image.sha256, options);
    if (!existsSync(path))
        throw new UserError(`The disk image ${path} is not there.`, "Lay it there, or name another: lab:image.source.");
    const sha256 = await sha256Of(path);
    if (image.sha256 !== undefined && sha256 !== image.sha256) {
        throw new UserError(
            `The disk image ${path} has the sha256 ${sha256} instead of ${image.sha256}; nothing was made of it.`,
            "Get the right file, or correct lab:image.sha256 if this is the one that you want.",
        );
    }
    return { path, identity: sha256.slice(0, 12) };
}

/** The cache's copy of the image at an address: by its sum, or by the address where no sum is known. */
async function fetched(
    address: string,
    sha256: string | undefined,
    { cache, offline, progress, fetch = fetchers.url }: Parameters<typeof ensureDiskImage>[1],
): Promise<string> {
    const folder = join(cache, "artifacts", sha256 ?? createHash("sha256").update(address).digest("hex"));
    const file = basename(new URL(address).pathname);
    const place = join(folder, file);
    return withLock(place, async () => {
        if (existsSync(place) && (sha256 === undefined || (await sha256Of(place)) === sha256)) return place;
        const remedy = `Lay it there as ${place}, or name a file: lab:image.source.`;
        if (offline)
            throw new UserError(
                `The disk image ${address} is not in the cache, and nothing may be downloaded.`,
                remedy,
            );
        mkdirSync(folder, { recursive: true });
        const scratch = mkdtempSync(join(folder, ".fetching-"));
        try {
            await progress
                .step(`Fetching ${address}`, (say) => fetch([{ file, address }], scratch, say))
                .catch((error: unknown) => {
                    throw new UserError(`The disk image could not be fetched: ${(error as Error).message}`, remedy);
                });
            renameSync(join(scratch, file), place);
        } finally {
            rmSync(scratch, { recursive: true, force: true });
        }
        return place;
    });
}
