"use strict";
/**
 * Loaded into every Node.js process of a measured preview, by NODE_OPTIONS. The processes of the Pulumi program and of
 * the launcher write at their end how long they took, in seconds, and how much memory they had at most, in bytes.
 */
const fs = require("node:fs");
const path = require("node:path");

const [, script = "", name] = process.argv;
const isProgram = script.includes(`@pulumi/pulumi/cmd/run`);
const isLauncher = script.endsWith("launcher/bundle/run.cjs") && name === "lab";
if (isProgram || isLauncher) {
    process.on("exit", () => {
        const { user, system } = process.cpuUsage();
        fs.writeFileSync(
            path.join(process.env.LAB_PROGRAM_TIME, isProgram ? "program.json" : "launcher.json"),
            JSON.stringify({
                alive: performance.now() / 1000,
                computing: (user + system) / 1e6,
                memory: process.resourceUsage().maxRSS * 1024,
            }),
        );
    });
}
