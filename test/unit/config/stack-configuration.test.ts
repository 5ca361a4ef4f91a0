import * as pulumi from "@pulumi/pulumi";
import { afterEach, describe, expect, test } from "vitest";
import { stackConfiguration } from "../../../config/stack-configuration";

describe("stackConfiguration", () => {
    afterEach(() => pulumi.runtime.setAllConfig({}));

    test("takes the project's own keys, and parses values that Pulumi hands over as text", () => {
        pulumi.runtime.setAllConfig({
            "lab:isolated": "true",
            "lab:packageProxy": "3142",
            "lab:network": `{"cidr":"192.168.0.0/24"}`,
            "lab:platform": "debian-13",
            "lab:virtualAddress": "192.168.0.111",
            "other:isolated": "false",
            "lab:list": `["a"]`,
        });
        expect(stackConfiguration()).toEqual({
            isolated: true,
            packageProxy: 3142,
            network: { cidr: "192.168.0.0/24" },
            platform: "debian-13",
            virtualAddress: "192.168.0.111",
            list: ["a"],
        });
    });

    test("keeps numbers that would lose digits as text, and all secrets", () => {
        pulumi.runtime.setAllConfig({
            "lab:version": "1.10",
            "lab:big": "12345678901234567890",
            "lab:vrrpPassword": "1111",
            "lab:hostKeySeed": "12".repeat(32),
            "lab:databasePassword": "true",
        });
        expect(stackConfiguration()).toEqual({
            version: "1.10",
            big: "12345678901234567890",
            vrrpPassword: "1111",
            hostKeySeed: "12".repeat(32),
            databasePassword: "true",
        });
    });
});
