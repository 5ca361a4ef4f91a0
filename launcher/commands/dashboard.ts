import * as fs from "node:fs";
import type { Command } from "commander";
import { resolveForCaller } from "../../lib/environment";
import { UserError } from "../../lib/errors";
import { grafanaDashboard, graphsOf } from "../../roles/monitor-graphs";
import { readDescription } from "../../roles/configuration";
import { labCommand } from "../command";
import { forwardUntilSignal, portNumber } from "../forward";
import { progress } from "../progress";
import { RunningLab } from "../stack/running-lab";
import { StackFile } from "../stack/stack-file";

export const dashboardCommand = (): Command =>
    labCommand<{ grafana?: string }>({
        name: "dashboard",
        group: "access",
        help: "open the monitor's page on a loopback port of this machine, until Ctrl-C",
        run: async ({ stack, words: [port = "8090"], options: { grafana } }) => {
            if (grafana !== undefined) return writeGrafanaDashboard(stack, resolveForCaller(grafana));
            const lab = await RunningLab.open(stack);
            const monitor = await answeringMonitor(lab);
            return forwardUntilSignal(
                { stack, description: lab.description, address: monitor.address },
                {
                    port: Number(port),
                    command: "dashboard",
                    say: () =>
                        progress.info(
                            `http://127.0.0.1:${port}/monitor/ shows the page of ${monitor.name}, until Ctrl-C.`,
                        ),
                },
            );
        },
    })
        .argument("[PORT]", "port on 127.0.0.1, from 1 to 65535; default: 8090", portNumber)
        .option("--grafana <FILE>", "write the same graphs as a dashboard for Grafana, and open nothing");

function writeGrafanaDashboard(stack: string, file: string): number {
    const { keepalived } = readDescription(new StackFile(stack).settings, stack);
    const dashboard = grafanaDashboard(stack, graphsOf(keepalived.interface));
    fs.writeFileSync(file, `${JSON.stringify(dashboard, undefined, 4)}\n`);
    return 0;
}

/** The first monitor whose page answers: with two of them, one may be down. */
async function answeringMonitor(lab: RunningLab) {
    const monitors = lab.machinesWith("monitor");
    if (monitors.length === 0)
        throw new UserError(
            `The lab '${lab.stack}' has no monitor.`,
            "Give a machine the role monitor in its stack file, then run ./lab up (docs/monitoring.md).",
        );
    for (const monitor of monitors) {
        const answer = await lab
            .request(`http://${monitor.address}/monitor/site.json`, { seconds: 5 })
            .catch(() => undefined);
        if (answer?.status === 200) return monitor;
    }
    throw new UserError(
        `The page of ${monitors.map(({ name }) => name).join(" and ")} does not answer.`,
        `./lab status -s ${lab.stack} shows the services of each machine.`,
    );
}
