import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { run } from "../../../lib/run";

/**
 * ext4 without a journal gives no inode again within a minute of its deletion (five, before that is written), and looks at every such one while it
 * seeks a free one (recently_deleted in fs/ext4/ialloc.c, Linux 6.18). What makes many files soon after many were deleted, as a lab after
 * another lab, spent a fifth of its processor time there. Comes to its end when those below `folder` are forgotten; at once on any other file system.
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
    await run(["sync"]);
    await wait(61_000); // the kernel goes by the clock, and tells nobody
}
