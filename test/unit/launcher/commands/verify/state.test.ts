import { expect, test } from "vitest";
import { evicted } from "../../../../../launcher/commands/verify/checks/state";

test("a memcached that has dropped copies is told, with what to change", () => {
    expect(evicted("STAT evictions 0.\nSTAT evicted_active 3.\n")).toEqual([]);
    expect(evicted("STAT pid 1.\nSTAT evictions 12.\nEND.\n")).toEqual([
        "it had no room for 12 copies of sessions since its start: " +
            "raise lab:sessions.memcachedMiB, or lower lab:sessions.max",
    ]);
});
