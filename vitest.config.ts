import { defineConfig } from "vitest/config";

/** Three kinds of test, each run by `vitest run --project NAME`. */
export default defineConfig({
    test: {
        projects: [
            // Pure functions and mocks: no network, no root, no program but what npm installs.
            // The time limit is for what hangs: vitest's five seconds would be for how busy the machine is.
            { test: { name: "unit", include: ["test/unit/**/*.test.ts"], testTimeout: 120_000 } },
            // The real pulumi and its plugins, on small programs. The first run may have to build them.
            {
                test: {
                    name: "engine",
                    include: ["test/engine/**/*.test.ts"],
                    testTimeout: 300_000,
                    hookTimeout: 3_600_000,
                },
            },
            // The local lab for real, as root: one file at a time, as each wants the machine for itself.
            // Their libvirt says what it does to containers: test/support/host-state.ts shows it where one does not come back.
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
