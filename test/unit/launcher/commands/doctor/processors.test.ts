import { expect, test } from "vitest";
import { processorsFinding } from "../../../../../launcher/commands/doctor/checks/processors";
import { siteWith } from "../../../../support/article";

const { machines } = siteWith({ machineSize: { vcpus: 2 } });

test("more virtual processors than the machine has are a warning that names the machines, not a mistake", () => {
    expect(processorsFinding("here", machines, 2)).toEqual([]);
    const [first, ...others] = processorsFinding("here", machines, 1);
    expect(others).toEqual([]);
    expect(first).toMatchObject({ result: "warning", subject: "here" });
    expect(first?.seen).toMatch(/^has 1 processors; mysql has 2, nod0 has 2, /);
});
