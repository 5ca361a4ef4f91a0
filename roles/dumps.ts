import { dumpScript, dumpsFolder } from "./database-dumps";
import { monitoringOf } from "./monitoring";
import type { RoleConfiguration } from "./role-configuration";
import type { RoleContext, RoleDefinition } from "./role-definition";
import { render, verbatim } from "./template";

const timer = "lab-dump.timer";

/** A dump of the site's database each night, on the machine that has it. */
export const dumps: RoleDefinition = {
    name: "dumps",
    isImplied: ({ roles }, { database }) => roles.includes("database") && database.dumpDays > 0,
    steps: [
        { name: "dumps", component: "lab:Dumps", after: { roles: ["database"] }, configuration: dumpsConfiguration },
    ],
    worksAfter: "dumps",
};

function dumpsConfiguration({ description }: Pick<RoleContext, "description">): RoleConfiguration {
    const { name, dumpDays } = description.database;
    return {
        files: [
            {
                path: "/usr/libexec/lab/dump-database",
                content: render("usr/libexec/lab/dump-database", {
                    folder: dumpsFolder,
                    dump: dumpScript(description),
                    name,
                    firstToDelete: dumpDays + 1,
                    metricsFolder: monitoringOf(description)?.nodeExporter.textFolder ?? false,
                }),
                mode: "755",
            },
            ...["lab-dump.service", timer].map((unit) => ({
                path: `/etc/systemd/system/${unit}`,
                content: verbatim(`etc/systemd/system/${unit}`),
            })),
        ],
        service: { unit: timer },
    };
}
