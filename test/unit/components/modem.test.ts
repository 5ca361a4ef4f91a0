import { expect, test } from "vitest";
import { modemOf } from "../../../components/system-container";
import { articleLab, siteWith } from "../../support/article";

test.each<[string, string, object]>([
    ["/dev/ttyUSB0", "nod1", { devices: ["/dev/ttyUSB0"] }],
    ["/dev/ttyUSB0", "nod0", {}],
    ["dummy", "nod1", {}],
])("with the device %s, the container %s is given %j", (device, name, given) => {
    const description = siteWith({
        machines: {
            ...articleLab().machines,
            nod1: { address: "192.168.0.201", roles: ["memcached", "sms"] },
            nod5: { address: "192.168.0.206", roles: ["monitor"] },
        },
        sms: { device, numbers: ["+15555550100"] },
    });
    const machine = description.machines.find((one) => one.name === name) ?? expect.fail(name);
    expect(modemOf(description, machine)).toEqual(given);
});
