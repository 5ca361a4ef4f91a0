import type { Command } from "commander";
import { asVariables } from "../../lib/environment";
import { UserError } from "../../lib/errors";
import { labCommand, passingWordsToPulumi } from "../command";
import { progress } from "../progress";
import { markUp } from "../stack/changes";
import { isFirstBuild, lookAtMachines, recoverStack } from "../stack/prepare";
import { Session } from "../stack/session";
import { refuseHalfReverted } from "../stack/standstill";
import { recordedUp, timelineFile } from "../timeline/recorded-up";
import { bakeInBackground } from "./bake";
import { withoutDots } from "./pulumi";

export const upCommand = (): Command =>
    passingWordsToPulumi(
        labCommand<{ timeline?: string; layers: boolean; endSessions?: boolean }>({
            name: "up",
            group: "lifecycle",
            help: "build the lab, or bring it to what its stack file says",
            run: async ({ stack, words, options }) => {
                const file = options.timeline === undefined ? undefined : timelineFile(options.timeline);
                refuseHalfReverted(stack);
                const session = await Session.open(stack, {
                    plans: true,
                    makesMachines: true,
                    layers: options.layers,
                    makesStack: true,
                });
                await recoverStack(session);
                const isFirst = await isFirstBuild(session);
                const { mending, sessionsEnd } = await lookAtMachines(session, isFirst);
                if (sessionsEnd !== undefined && !options.endSessions)
                    throw new UserError(sessionsEnd, "If they may end, call up --end-sessions.");
                const up = ["up", "--yes", "--skip-preview", ...withoutDots, ...mending, ...words];
                const env = isFirst ? asVariables({ firstTime: "true" }) : {};
                const start = Date.now();
                const code =
                    file === undefined ? await session.pulumi(up, env) : await recordedUp(session, up, file, env);
                await markUp(session, start);
                if (code !== 0) return code;
                progress.info("./lab status shows the lab; ./lab forward opens the site to a browser on this machine.");
                bakeInBackground(session);
                return code;
            },
        })
            .option(
                "--timeline <FILE>",
                "write a picture (SVG) of what took how long, and FILE.json with the same as data",
            )
            .option("--end-sessions", "change the release although every session ends")
            .option("--no-layers", "make machines from the image alone, and make no package layers"),
        "up",
    );
