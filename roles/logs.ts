import type { RoleConfiguration } from "./role-configuration";
import type { RoleContext, RoleDefinition } from "./role-definition";
import { fileKiB } from "./log-size";
import { render, verbatim } from "./template";

/** Every machine's logs have a bound in days and in size: the files of all roles, and the journal. */
export const logs: RoleDefinition = {
    name: "logs",
    isImplied: () => true,
    steps: [{ name: "logs", component: "lab:Logs", configuration: logsConfiguration }],
    worksAfter: "logs",
};

export const rotationUnit = "lab-logrotate";
const configurationFile = "/etc/lab-logrotate.conf";

export function logsConfiguration({
    description,
    logs: all,
}: Pick<RoleContext, "description" | "logs">): RoleConfiguration {
    const { days, journalMiB } = description.logs;
    return {
        files: [
            {
                path: configurationFile,
                content: render("etc/lab-logrotate.conf", {
                    days,
                    fileKiB: fileKiB(description.logs),
                    logs: all
                        .filter(({ areNumbered }) => !areNumbered)
                        .map(({ files, create, reopen, isCopied }) => ({
                            copied: isCopied ?? false,
                            files: files.join(" "),
                            create: create ?? false,
                            reopen: reopen ?? false,
                        })),
                }),
            },
            ...all.flatMap(({ replaces }) =>
                replaces ? [{ path: replaces, content: verbatim("etc/logrotate.d/replaced") }] : [],
            ),
            {
                path: `/etc/systemd/system/${rotationUnit}.service`,
                content: render(`etc/systemd/system/${rotationUnit}.service`, {
                    numbered: all.filter(({ areNumbered }) => areNumbered).flatMap(({ files }) => files),
                    days,
                    firstToDelete: days + 2,
                }),
            },
            {
                path: `/etc/systemd/system/${rotationUnit}.timer`,
                content: verbatim(`etc/systemd/system/${rotationUnit}.timer`),
            },
            {
                path: "/etc/systemd/journald.conf.d/lab.conf",
                content: render("etc/systemd/journald.conf.d/lab.conf", { days, journalMiB }),
            },
        ],
        test: `logrotate --debug ${configurationFile}`,
        service: { unit: `${rotationUnit}.timer` },
        finish: [
            "# journald reads its configuration only when it starts.",
            'if [ -e "$pending" ]; then systemctl restart systemd-journald.service; fi',
        ],
    };
}
