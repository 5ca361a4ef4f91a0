"use strict";
/** Loaded into every Node.js process of a measured preview, by NODE_OPTIONS. The process of the Pulumi program writes at its end how long it took. */
const fs = require("node:fs");

if (process.argv[1]?.includes(`@pulumi/pulumi/cmd/run`)) {
    process.on("exit", () => {
        const { user, system } = process.cpuUsage();
        fs.writeFileSync(
            process.env.LAB_PROGRAM_TIME,
            JSON.stringify({ alive: performance.now() / 1000, computing: (user + system) / 1e6 }),
        );
    });
}
