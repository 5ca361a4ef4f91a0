import { describe, expect, test } from "vitest";
import { parseLibvirtUri, sshArgv } from "../../../lib/libvirt-uri";

describe("a libvirt URI", () => {
    test.each([
        ["qemu:///system", { driver: "qemu" }],
        ["lxc:///system", { driver: "lxc" }],
        ["qemu+unix:///system?socket=/run/other", { driver: "qemu" }],
        ["qemu+tcp://198.51.100.7/system", { driver: "qemu" }],
        ["qemu+ssh://host.example/system", { driver: "qemu", ssh: { host: "host.example" } }],
        [
            "qemu+ssh://root@198.51.100.7:2222/system?keyfile=/keys/one&knownhosts=/keys/known",
            {
                driver: "qemu",
                ssh: {
                    host: "198.51.100.7",
                    user: "root",
                    port: 2222,
                    keyFile: "/keys/one",
                    knownHostsFile: "/keys/known",
                },
            },
        ],
    ])("%s", (uri, expected) => expect(parseLibvirtUri(uri)).toEqual(expected));

    test("as arguments of ssh, which never asks a question", () => {
        expect(sshArgv({ host: "h" })).toEqual(["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "h"]);
        expect(sshArgv({ host: "h", user: "u", port: 7, keyFile: "/k", knownHostsFile: "/n" }).slice(5)).toEqual([
            "-p",
            "7",
            "-i",
            "/k",
            "-o",
            "IdentitiesOnly=yes",
            "-o",
            "UserKnownHostsFile=/n",
            "u@h",
        ]);
        expect(sshArgv({ host: "h", user: "u" }, "-W", "a:22").slice(5)).toEqual(["-W", "a:22", "u@h"]);
    });
});
