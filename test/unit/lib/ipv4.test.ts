import { describe, expect, test } from "vitest";
import { highestFreeAddress, isInNetwork, isReserved, overlap, prefixLengthOf } from "../../../lib/ipv4";

test.each([
    ["192.168.0.200", "192.168.0.0/24", true],
    ["192.168.1.200", "192.168.0.0/24", false],
    ["10.77.255.1", "10.77.0.0/16", true],
    ["192.168.0.17", "192.168.0.20/28", true],
    ["192.168.0.32", "192.168.0.16/28", false],
    ["200.1.2.3", "200.0.0.0/8", true],
])("%s in %s: %s", (address, network, expected) => {
    expect(isInNetwork(address, network)).toBe(expected);
});

test.each([
    ["192.168.0.0", "192.168.0.0/24", true],
    ["192.168.0.255", "192.168.0.0/24", true],
    ["192.168.0.255", "192.168.0.0/16", false],
    ["192.168.255.255", "192.168.3.0/16", true],
    ["192.168.0.31", "192.168.0.16/28", true],
    ["192.168.0.30", "192.168.0.16/28", false],
])("%s is reserved in %s: %s", (address, network, expected) => {
    expect(isReserved(address, network)).toBe(expected);
});

test.each([
    ["192.168.0.1/24", "192.168.0.0/24", true],
    ["192.168.0.1/24", "192.168.0.0/16", true],
    ["10.0.0.0/8", "10.77.0.1/24", true],
    ["192.168.1.1/24", "192.168.0.0/24", false],
    ["192.168.0.77", "192.168.0.0/24", true],
    ["192.168.1.77", "192.168.0.0/24", false],
])("%s and %s overlap: %s", (one, other, expected) => {
    expect([overlap(one, other), overlap(other, one)]).toEqual([expected, expected]);
});

test("a netmask's prefix length", () => {
    expect(["255.255.255.0", "255.255.0.0", "255.255.255.240", "0.0.0.0"].map(prefixLengthOf)).toEqual([24, 16, 28, 0]);
    expect(() => prefixLengthOf("255.0.255.0")).toThrow("255.0.255.0 is no netmask");
});

describe("the highest free address", () => {
    test.each([
        ["192.168.0.0/24", "192.168.0.254"],
        ["10.77.0.0/16", "10.77.255.254"],
        ["192.168.0.16/28", "192.168.0.30"],
        ["200.0.0.0/8", "200.255.255.254"],
    ])("of %s is %s", (network, expected) => {
        expect(highestFreeAddress(network, new Set())).toBe(expected);
    });

    test("is none that is taken", () => {
        const taken = new Set(["192.168.0.18", "192.168.0.17"]);
        expect(highestFreeAddress("192.168.0.16/30", taken)).toBeUndefined();
        expect(highestFreeAddress("192.168.0.16/29", taken)).toBe("192.168.0.22");
    });
});
