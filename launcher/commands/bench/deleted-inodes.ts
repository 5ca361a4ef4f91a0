import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { run } from "../../../lib/run";

/**
 * Waits until the file system of `folder` may reuse the inodes of deleted files. ext4 without a journal skips them, one
 * by one, for a minute (recently_deleted in fs/ext4/ialloc.c, Linux 6.18), which took a fifth of the processor time of
 * a lab made right after another. On other file systems, it returns at once.
 */
export async function forgetDeletedInodes(folder: string): Promise<void> {
    const [device = "", type] = (
        await run(["findmnt", "--noheadings", "--output", "SOURCE,FSTYPE", "--target", folder])
    )
        .trim()
        .split(/\s+/);
    const hasJournal =
        fs.existsSync("/proc/fs/jbd2") &&
        fs.readdirSync("/proc/fs/jbd2").some((name) => name.startsWith(`${path.basename(device)}-`));
    if (type !== "ext4" || hasJournal) return;
    await run(["sync"]); // an unwritten inode is skipped for five minutes
    await wait(61_000);
}
