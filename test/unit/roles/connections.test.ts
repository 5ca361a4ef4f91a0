/** Where open connections go on when the virtual address moves. */
import { expect, test } from "vitest";
import { articleLab, siteWith } from "../../support/article";
import { rolesOf } from "../../support/steps";

const stepOn = async (changes: Parameters<typeof siteWith>[0]) => {
    const { connections, keepalived } = await rolesOf(siteWith(changes), "nod3");
    const text = keepalived?.files.find(({ path }) => path.endsWith("/keepalived.conf"))?.text ?? "";
    return {
        unit: connections?.configuration.service?.unit,
        notifies: text.includes("notify_master"),
        asksNetwork: keepalived?.configuration.ready?.command.includes("--interface eth0"),
    };
};

test("two directors keep each other's connections", async () => {
    expect(await stepOn({})).toEqual({ unit: "lab-connections.service", notifies: true, asksNetwork: true });
});

test("neither three directors do so, nor CentOS 7", async () => {
    const none = { unit: undefined, notifies: false, asksNetwork: false };
    const third = { address: "192.168.0.206", roles: ["director"], priority: 20 };
    expect(await stepOn({ machines: { ...articleLab().machines, nod5: third } })).toEqual(none);
    expect(
        await stepOn({
            platform: "centos-7",
            machineKind: "vm",
            hypervisor: "qemu:///system",
            isolated: false,
            packageProxy: "none",
        }),
    ).toEqual(none);
});
