import { describe, expect, test } from "vitest";
import { platformNames } from "../../../catalog/platforms/index";
import type { LabDescription } from "../../../config/description";
import { fileKiB } from "../../../roles/log-size";
import { logsOf } from "../../../roles/of-machine";
import { onCentos, siteWith } from "../../support/article";
import { fileOf, rolesOf } from "../../support/steps";

const labs: Record<(typeof platformNames)[number], LabDescription> = {
    "debian-13": siteWith(),
    "centos-7": onCentos("centos-7"),
    "centos-stream-9": onCentos("centos-stream-9"),
};
const configuration = async (description: LabDescription, machine: string) =>
    (await fileOf(description, machine, "/etc/lab-logrotate.conf")).text;

describe.each(platformNames)("on %s", (name) => {
    const description = labs[name];

    test("every log of every role is rotated by one configuration alone", async () => {
        for (const machine of description.machines) {
            const text = await configuration(description, machine.name);
            const paths = Object.values(await rolesOf(description, machine.name)).flatMap(({ files }) =>
                files.map(({ path }) => path),
            );
            const rotated = text.split("\n").flatMap((line) => (line.endsWith(" {") ? line.split(" ") : []));
            for (const { files, areNumbered, replaces } of logsOf(machine, description)) {
                for (const file of files)
                    expect(rotated.filter((each) => each === file)).toHaveLength(areNumbered ? 0 : 1);
                if (replaces) {
                    expect(paths.filter((path) => path === replaces)).toHaveLength(1);
                    expect((await fileOf(description, machine.name, replaces)).text).toMatch(/^(#.*\n)*$/);
                }
            }
        }
    });

    test("what writes no file of its own writes to the journal", async () => {
        const properties = await fileOf(description, "nod2", "/usr/local/tomcat/conf/logging.properties");
        expect(properties.text).not.toContain("FileHandler");
        const host = (await rolesOf(description, "nod2")).httpd?.files.find(({ path }) => /virtual.conf$/.test(path));
        expect(host?.text).toMatch(/^ErrorLog syslog/m);
    });
});

test("days and sizes are settings: with its old files a log never takes more than maxMiB", async () => {
    const description = siteWith({ logs: { days: 3, maxMiB: 100, journalMiB: 50 } });
    expect(fileKiB(description.logs) * (description.logs.days + 1)).toBeLessThanOrEqual(100 * 1024);
    const text = await configuration(description, "nod3");
    expect(text).toMatch(/^rotate 3$/m);
    expect(text).toMatch(/^maxsize 25600k$/m);
    expect((await fileOf(description, "nod0", "/etc/systemd/journald.conf.d/lab.conf")).text).toBe(
        "[Journal]\nSystemMaxUse=50M\nMaxRetentionSec=3day\n",
    );
    const host = (await rolesOf(description, "nod0")).httpd?.files.find(({ path }) => /virtual.conf$/.test(path));
    expect(host?.text).toContain(
        'CustomLog "|/usr/bin/rotatelogs -l -L /var/log/apache2/access.log /var/log/apache2/access.log 86400 25600K"',
    );
    // Four files: the newest and three old ones.
    expect((await fileOf(description, "nod0", "/etc/systemd/system/lab-logrotate.service")).text).toContain(
        "ls -t /var/log/apache2/access.log.[0-9]* 2>/dev/null | tail -n +5 |",
    );
});

test("a change of these settings touches no service but httpd, which writes its log anew", async () => {
    const scripts = async (description: LabDescription) =>
        Object.entries(await rolesOf(description, "nod2")).map(
            ([step, { script, files }]) => [step, script, files.map(({ text }) => text)] as const,
        );
    const [before, after] = [await scripts(siteWith()), await scripts(siteWith({ logs: { days: 30 } }))];
    const changed = after.filter((step, index) => JSON.stringify(step) !== JSON.stringify(before[index]));
    expect(changed.map(([step]) => step)).toEqual(["logs", "httpd"]);
});
