import { expect, test } from "vitest";
import { stranger } from "../../../../launcher/commands/verify/checks/ports";
import type { RunningLab } from "../../../../launcher/stack/running-lab";
import { siteWith } from "../../../support/article";

/** The address that verify's check uses for a machine outside of the lab. */
async function addressOfStranger(network: { cidr: string; gateway: string }, changes: Record<string, unknown> = {}) {
    const description = siteWith({ network, ...changes });
    const lab = {
        description,
        access: { machines: description.machines },
        inside: () => Promise.resolve(""),
    } as unknown as RunningLab;
    const [finding] = await stranger(lab);
    return finding?.subject.replace("from ", "");
}

test("the stranger's address is the highest free one of the network", async () => {
    expect(await addressOfStranger({ cidr: "192.168.0.0/24", gateway: "192.168.0.1" })).toBe("192.168.0.254");
    expect(await addressOfStranger({ cidr: "192.168.0.0/24", gateway: "192.168.0.254" })).toBe("192.168.0.253");
});

test("in a network that is no /24, too", async () => {
    expect(await addressOfStranger({ cidr: "192.168.0.0/16", gateway: "192.168.0.1" })).toBe("192.168.255.254");
    const machines = {
        nod0: { address: "192.168.0.18", roles: ["app"] },
        nod1: { address: "192.168.0.19", roles: ["memcached"] },
        nod3: { address: "192.168.0.20", roles: ["director"], priority: 180 },
        mysql: { address: "192.168.0.21", roles: ["database"] },
    };
    expect(
        await addressOfStranger(
            { cidr: "192.168.0.16/28", gateway: "192.168.0.17" },
            { machines, virtualAddress: "192.168.0.30" },
        ),
    ).toBe("192.168.0.29");
});
