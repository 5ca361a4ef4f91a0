/** Fake programs stand for libvirt and ssh. test/lab/ shows that the provider takes such a disk for its own. */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { diskHooks, type Disk } from "../../../components/disk-from-layer";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "disk-from-layer-"));
const file = (name: string) => path.join(folder, name);
const read = (name: string) => (fs.existsSync(file(name)) ? fs.readFileSync(file(name), "utf8") : "");
const layer = file("layer/disk.qcow2");
const disk: Disk = { uri: "qemu:///system", pool: "lab", name: "nod0-1.qcow2", size: 4096, machine: "nod0" };
const warnings = vi.spyOn(pulumi.log, "warn").mockResolvedValue();
const previousPath = process.env.PATH;

beforeAll(() => {
    // Notes its calls. The answers to lists are in files, and an upload fails where the file `broken` exists.
    const virsh = `#!/bin/sh
shift 3
echo "$*" >> ${file("calls")}
case $1 in
    vol-list) cat ${file("volumes")} ;;
    list) cat ${file("machines")} ;;
    vol-upload) cat "$7" > ${file("uploaded")}; ! test -e ${file("broken")} ;;
esac
`;
    const ssh = `#!/bin/sh
while [ "$1" != root@far ]; do shift; done
exec sh -c "$2"
`;
    for (const [name, text] of Object.entries({ virsh, ssh })) fs.writeFileSync(file(name), text, { mode: 0o755 });
    process.env.PATH = `${folder}:${previousPath ?? ""}`;
});
afterAll(() => {
    process.env.PATH = previousPath;
    fs.rmSync(folder, { recursive: true });
});
beforeEach(() => {
    for (const name of ["calls", "uploaded", "broken"]) fs.rmSync(file(name), { force: true });
    for (const name of ["volumes", "machines"]) fs.writeFileSync(file(name), "");
    fs.mkdirSync(file("layer"), { recursive: true });
    fs.writeFileSync(layer, "the layer's disk");
    fs.writeFileSync(file("layer/digest"), `${createHash("sha256").update("the layer's disk").digest("hex")}\n`);
    warnings.mockClear();
});

const create = (from: string | undefined, what: Disk = disk) =>
    (diskHooks(what, from).beforeCreate?.[0] as () => Promise<void>)();
const calls = () => read("calls").trim().split("\n");
const deletion = "vol-delete --pool lab --vol nod0-1.qcow2";

test.each([
    ["here", "qemu:///system", layer],
    ["on another machine, through ssh", "qemu+ssh://root@far/system", "/dev/stdin"],
])("a disk %s gets the layer's content", async (_where, uri, source) => {
    await create(layer, { ...disk, uri });
    expect(calls()).toEqual([
        "vol-list --pool lab",
        "vol-create-as lab nod0-1.qcow2 4096 --allocation 0 --format qcow2",
        `vol-upload --pool lab --vol nod0-1.qcow2 --file ${source}`,
    ]);
    expect(read("uploaded")).toBe("the layer's disk");
    expect(warnings).not.toHaveBeenCalled();
});

test("without a layer the provider makes the disk", async () => {
    await create(undefined);
    expect(calls()).toEqual(["vol-list --pool lab"]);
});

test("a layer that has changed is removed, and the provider makes the disk", async () => {
    fs.appendFileSync(layer, "!");
    await create(layer);
    expect(calls()).toEqual(["vol-list --pool lab"]);
    expect(fs.existsSync(file("layer"))).toBe(false);
    expect(warnings.mock.calls).toEqual([
        [expect.stringMatching(/^nod0 starts without a package layer: .*has changed since it was made/)],
    ]);
});

test("an upload that fails leaves no half-written disk", async () => {
    fs.writeFileSync(file("broken"), "");
    await create(layer);
    expect(calls().at(-1)).toBe(deletion);
    expect(warnings).toHaveBeenCalledOnce();
});

test("a half-written disk of a killed run is removed, but not the disk of a machine that exists", async () => {
    fs.writeFileSync(file("volumes"), " base.qcow2   /images/base.qcow2\n nod0-1.qcow2   /images/nod0-1.qcow2\n");
    await create(undefined);
    expect(calls()).toEqual(["vol-list --pool lab", "list --all --name", deletion]);
    fs.rmSync(file("calls"));
    fs.writeFileSync(file("machines"), "nod1\nnod0\n");
    await create(undefined);
    expect(calls()).toEqual(["vol-list --pool lab", "list --all --name"]);
});
