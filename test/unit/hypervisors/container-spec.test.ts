import { describe, expect, test } from "vitest";
import { containerSpec, type ContainerSpec } from "../../../hypervisors/container-spec";
import { spec } from "../../support/container-spec";

describe("container spec", () => {
    test("a valid one stays unchanged", () => {
        expect(containerSpec.parse(spec)).toEqual(spec);
    });

    test.each<[keyof ContainerSpec, unknown]>([
        ["name", "../up"],
        ["name", "Web1"],
        ["name", ".image"],
        ["image", "relative/root"],
        ["directory", "/a:b"],
        ["address", "192.168.0.256"],
        ["prefix", 33],
        ["mac", "52-54-00-00-00-c8"],
        ["memoryMiB", 0],
        ["vcpus", 1.5],
        ["devices", "/dev/ttyUSB0"],
        ["hostKey", "ssh-ed25519 AAAA"],
        ["authorizedKey", ""],
        ["proxyPort", 70000],
    ])("a wrong %s (%j) is told by its path, without the host key", (field, value) => {
        const { error } = containerSpec.safeParse({ ...spec, [field]: value });
        expect(error?.issues.map((issue) => issue.path.join("."))).toEqual([field]);
        expect(error?.message).not.toContain("secret");
    });

    test("an unknown field is a mistake", () => {
        expect(containerSpec.safeParse({ ...spec, memory: 1 }).success).toBe(false);
    });
});
