import type { Command } from "commander";
import { readDescription } from "../../roles/configuration";
import { jumpHostsOf } from "../../hypervisors/jump-host";
import { virshArgv } from "../../hypervisors/virsh";
import { parseLibvirtUri } from "../../lib/libvirt-uri";
import { run } from "../../lib/run";
import { labCommand, passingWordsToPulumi } from "../command";
import { progress } from "../progress";
import { mistakesHere } from "../stack/host-size";
import { isFirstBuild, lookAtMachines, recoverStack } from "../stack/prepare";
import { Session } from "../stack/session";
import { StackFile } from "../stack/stack-file";
import { withoutDots } from "./pulumi";

/**
 * Whether libvirt answers at this URI, for a libvirt that the launcher does not start itself. Without virsh on this
 * machine, a remote libvirt is assumed to answer: only the provider can tell.
 */
const answers = (uri: string) =>
    run(virshArgv(uri, ["-r", "uri"]), { name: "virsh" }).then(
        () => true,
        (error: unknown) => parseLibvirtUri(uri).ssh !== undefined && /virsh.*No such file/.test(String(error)),
    );

export const previewCommand = (): Command =>
    passingWordsToPulumi(
        labCommand({
            name: "preview",
            group: "lifecycle",
            help: "show what up would change; if no hypervisor answers, show what up would make, as plan does",
            run: async ({ stack, words }) => {
                const { isIsolated, settings } = new StackFile(stack);
                const description = readDescription(settings, stack, [mistakesHere(stack)]);
                await jumpHostsOf(description);
                const answering = isIsolated
                    ? []
                    : await Promise.all(
                          description.hypervisors.map(async ({ uri }) => ({ uri, isUp: await answers(uri) })),
                      );
                const silent = answering.filter(({ isUp }) => !isUp).map(({ uri }) => uri);
                if (silent.length > 0) {
                    progress.info(
                        `${silent.join(" and ")} ${silent.length > 1 ? "do" : "does"} not answer. ` +
                            "This is the plan of what up would make there, whatever exists there already. " +
                            `./lab -s ${stack} doctor shows what is missing.`,
                    );
                    const { plan } = await import("./plan/plan");
                    process.stdout.write(await plan(description, { commands: words.includes("--commands") }));
                    return 0;
                }
                const session = await Session.open(stack, { plans: true, makesStack: true });
                await recoverStack(session);
                const { mending, sessionsEnd } = await lookAtMachines(session, await isFirstBuild(session));
                if (sessionsEnd !== undefined) progress.info(`${sessionsEnd} up asks for --end-sessions.`);
                return session.pulumi(["preview", ...withoutDots, ...mending, ...words]);
            },
        }).addHelpText("after", "\nIf no hypervisor answers: --commands shows every command and script of the plan."),
        "preview",
    );
