import { rmSync } from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LIBVIRT_PROVIDER_VERSION, TERRAFORM_PROVIDER_VERSION } from "../../launcher/engine/pins";
import { Project } from "../support/project";

let project: Project;

beforeAll(async () => {
    project = await Project.create();
    rmSync(path.join(project.folder, "index.ts"));
});
afterAll(() => project.remove());

const network = 'new libvirt.Network("lab", { mode: "none", addresses: ["192.0.2.0/24"] }, { provider });';

test("the bridge knows the provider in the cache", async () => {
    const { stdout } = await project.pulumi(
        "package",
        "get-schema",
        "terraform-provider",
        "dmacvicar/libvirt",
        LIBVIRT_PROVIDER_VERSION,
    );
    const schema = JSON.parse(stdout) as { resources: object };
    expect(schema).toMatchObject({
        name: "libvirt",
        version: LIBVIRT_PROVIDER_VERSION,
        parameterization: { baseProvider: { name: "terraform-provider", version: TERRAFORM_PROVIDER_VERSION } },
    });
    expect(Object.keys(schema.resources)).toEqual(
        expect.arrayContaining([
            "libvirt:index/network:Network",
            "libvirt:index/domain:Domain",
            "libvirt:index/volume:Volume",
        ]),
    );
});

test("a preview where libvirt is not known yet plans the network", async () => {
    project.write(
        "index.ts",
        `
        import { local } from "@pulumi/command";
        import * as libvirt from "@pulumi/libvirt";
        const provider = new libvirt.Provider("machine", { uri: new local.Command("uri", { create: "echo qemu:///system" }).stdout });
        export const network = { bridge: ${network.slice(0, -1)}.bridge };
    `,
    );
    expect(await project.preview()).toMatchObject({
        failed: false,
        messages: [],
        steps: { lab: { op: "create" } },
        outputs: { network: { bridge: "[unknown]" } },
    });
});

test("a preview with a known libvirt asks it", async () => {
    const socket = path.join(project.folder, "libvirt-sock");
    project.write(
        "index.ts",
        `
        import * as libvirt from "@pulumi/libvirt";
        const provider = new libvirt.Provider("machine", { uri: "qemu+unix:///system?socket=${socket}" });
        ${network}
    `,
    );
    const run = await project.preview();
    expect(run.failed).toBe(true);
    expect(run.messages.map(({ message }) => message).join("\n")).toContain(`failed to connect: dial unix ${socket}`);
});
