import { defineConfig } from "vitest/config";

/** Three kinds of test, each run by `vitest run --project NAME`. */
export default defineConfig({
    test: {
        projects: [
            // Pure functions and mocks: no network, no root, no program except npm packages, git, curl, python3 and sh.
            // The time limit is for tests that hang; vitest's five seconds are too short on a busy machine.
            { test: { name: "unit", include: ["test/unit/**/*.test.ts"], testTimeout: 120_000 } },
            // The real pulumi and its plugins, on small programs. The first run builds them if the cache lacks them.
            {
                test: {
                    name: "engine",
                    include: ["test/engine/**/*.test.ts"],
                    testTimeout: 300_000,
                    hookTimeout: 3_600_000,
                },
            },
            // Real labs, as root. One file at a time, because each needs the whole machine.
            // libvirt logs what it does to containers; reportOn in test/support/host-state.ts shows the log.
            {
                test: {
                    name: "lab",
                    include: ["test/lab/**/*.test.ts"],
                    setupFiles: "test/support/lab-setup.ts",
                    env: { LIBVIRT_LOG_FILTERS: "1:lxc" },
                    poolOptions: { forks: { singleFork: true } },
                    testTimeout: 600_000,
                    hookTimeout: 3_600_000,
                },
            },
        ],
    },
});
