import { expect, test } from "vitest";
import { packagesOf, rolesOf, unitsOf } from "../../../roles/of-machine";
import { chronyConfiguration } from "../../../roles/time";
import { platforms } from "../../../catalog/platforms/index";
import type { LabDescription } from "../../../config/description";
import { onCentos, siteWith } from "../../support/article";

const textOf = (description: LabDescription) =>
    chronyConfiguration({ description, platform: platforms[description.platform] }).files?.[0]?.content as string;

test("virtual machines follow the distribution's time servers, or the stack's", () => {
    const centos = onCentos("centos-7");
    expect(textOf(centos)).toMatch(/^pool 2\.centos\.pool\.ntp\.org iburst$/m);
    const own = onCentos("centos-7", {
        network: { cidr: "192.168.0.0/24", timeServers: ["192.168.0.1", "ntp.example.org"] },
    });
    expect(textOf(own)).toMatch(/^server 192\.168\.0\.1 iburst\nserver ntp\.example\.org iburst$/m);
    expect(textOf(own)).not.toMatch(/^pool /m);
    for (const machine of centos.machines) {
        expect(packagesOf(machine, centos)).toContain("chrony");
        expect(unitsOf(machine, centos)).toContain("chronyd.service");
    }
});

test("a container has the clock of its host, and no chrony", () => {
    const description = siteWith();
    for (const machine of description.machines) {
        expect(rolesOf(machine, description).map(({ name }) => name)).not.toContain("time");
        expect(packagesOf(machine, description)).not.toContain("chrony");
    }
});
