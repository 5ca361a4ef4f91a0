import { expect, test } from "vitest";
import { builtImageOf, placeOfImage } from "../../../../launcher/isolated-host/image";

const cache = "/cache";
const place = async (kind: "container" | "vm") => (await placeOfImage({ cache, platform: "debian-13", kind })).path;

test("machines of an isolated stack start from an image that is built here, unless it names another one", async () => {
    for (const machineKind of ["container", "vm"] as const)
        expect(await builtImageOf({ isolated: true, machineKind }, cache)).toBe(await place(machineKind));
    const image = { source: "/images/debian.qcow2" };
    expect(await builtImageOf({ isolated: true, machineKind: "vm", image }, cache)).toBeUndefined();
});

test("so do machines elsewhere whose stack names that image", async () => {
    const elsewhere = (source?: string) =>
        builtImageOf({ isolated: false, machineKind: "vm", image: source ? { source } : undefined }, cache);
    expect(await elsewhere(await place("vm"))).toBe(await place("vm"));
    // Of an earlier recipe: no tree that a layer could be made over.
    expect(await elsewhere("/cache/images/debian-13-vm-123456789abc/disk.qcow2")).toBeUndefined();
    expect(await elsewhere()).toBeUndefined();
});
