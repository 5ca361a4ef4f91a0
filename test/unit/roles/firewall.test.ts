import { expect, test } from "vitest";
import { platforms } from "../../../catalog/platforms/index";
import { doorsOf } from "../../../roles/doors";
import { firewallConfiguration } from "../../../roles/firewall";
import { siteWith } from "../../support/article";

const description = siteWith();
const rules = (name: string, of = description) => {
    const { files = [] } = firewallConfiguration({
        description: of,
        machine: of.machines.find((each) => each.name === name) ?? expect.fail(name),
        platform: platforms[of.platform],
        doors: doorsOf(of),
    });
    return (typeof files[0]?.content === "string" ? files[0].content : "")
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== "" && !line.startsWith("#"));
};

test("who may speak to which service", () => {
    const [gateway, directors, apps] = [
        ["192.168.0.1"],
        ["192.168.0.203", "192.168.0.204"],
        ["192.168.0.200", "192.168.0.202"],
    ];
    expect(
        doorsOf(description).map(({ port, on, from }) => [port, on.map(({ name }) => name).join(" "), from]),
    ).toEqual([
        [22, "mysql nod0 nod1 nod2 nod3 nod4", gateway],
        [3306, "mysql", apps],
        [11211, "nod1 nod2", apps],
        [80, "nod0 nod2", directors],
        [80, "nod3 nod4", "anyone"],
        ["vrrp", "nod3", ["192.168.0.204"]],
        ["vrrp", "nod4", ["192.168.0.203"]],
    ]);
});

test("each machine lets in what it has to, and the rest is dropped", () => {
    expect(rules("nod2")).toEqual([
        "table inet lab",
        "delete table inet lab",
        "table inet lab {",
        "chain input {",
        "type filter hook input priority 0; policy drop;",
        "ct state established,related accept",
        "ct state invalid drop",
        'iifname "lo" accept',
        "meta l4proto { 1, 58 } accept",
        "ip saddr { 192.168.0.1 } tcp dport 22 accept",
        "ip saddr { 192.168.0.200, 192.168.0.202 } tcp dport 11211 accept",
        "ip saddr { 192.168.0.203, 192.168.0.204 } tcp dport 80 accept",
        "}",
        "}",
    ]);
    expect(rules("mysql").filter((line) => line.includes("dport"))).toEqual([
        "ip saddr { 192.168.0.1 } tcp dport 22 accept",
        "ip saddr { 192.168.0.200, 192.168.0.202 } tcp dport 3306 accept",
    ]);
});

test("VRRP is between the directors", () => {
    expect(rules("nod3")).toContain("meta l4proto 112 ip saddr { 192.168.0.204 } accept");
    expect(rules("nod3")).toContain("tcp dport 80 accept");
    expect(rules("nod0").filter((line) => line.includes("l4proto 112"))).toEqual([]);
});

test("ssh comes from where the setting says", () => {
    const other = siteWith({
        network: { cidr: "192.168.0.0/24", gateway: "192.168.0.1", control: ["10.1.2.3", "10.2.0.0/16"] },
    });
    expect(rules("nod1", other)).toContain("ip saddr { 10.1.2.3, 10.2.0.0/16 } tcp dport 22 accept");
});
