import { describe, expect, test } from "vitest";
import { UserError } from "../../../lib/errors";
import { machine, mistakesOf } from "../../support/mistakes";

describe("all mistakes at once", () => {
    test("in several settings are one readable error", () => {
        const { error, said } = mistakesOf((stack) => {
            machine(stack, "nod0").address = "10.0.0.1";
            stack.virtualAddress = "192.168.0.203";
            machine(stack, "nod4").priority = 180;
            delete stack.machines.mysql;
            machine(stack, "nod1").address = "192.168.0.202";
        });
        expect(said.map(([where]) => where)).toEqual([
            "machines.nod0.address",
            "machines.nod2.address",
            "machines.nod3.address",
            "machines.nod2.mac",
            "machines",
            "machines.nod4.priority",
        ]);
        expect(error).toBeInstanceOf(UserError);
        expect(error?.message.split("\n").slice(0, 3)).toEqual([
            "Pulumi.test.yaml has 6 mistakes; nothing was created or changed:",
            "  lab:machines.nod0.address: 10.0.0.1 is outside of the network 192.168.0.0/24.",
            "      Remedy: choose an address inside it, or change lab:network.cidr.",
        ]);
        expect(error?.remedy).toBe("correct Pulumi.test.yaml");
    });

    test("in single values of several kinds are one error", () => {
        expect(
            mistakesOf((stack) => {
                stack.platform = "plan9";
                machine(stack, "nod0").roles = ["web"];
                delete stack.virtualAddress;
                stack.hostKeySeed = "x";
            }).said.map(([where]) => where),
        ).toEqual(["platform", "virtualAddress", "machines.nod0.roles[0]", "hostKeySeed"]);
    });

    test("a typing mistake and a missing secret hide no other mistake", () => {
        const { said } = mistakesOf((stack) => {
            delete stack.loginKey;
            stack.vitualAddress = "192.168.0.9";
            Object.assign(machine(stack, "nod4"), { prority: 179 });
            delete machine(stack, "nod4").priority;
            stack.virtualAddress = "192.168.0.203";
        });
        expect(said.map(([where]) => where)).toEqual([
            "machines.nod4.prority",
            "vitualAddress",
            "machines.nod3.address",
            "machines.nod4.priority",
            "loginKey",
        ]);
    });

    test("the message of a single mistake is in the singular", () => {
        expect(
            mistakesOf((stack) => {
                stack.virtualAddress = "10.0.0.1";
            }).error?.message,
        ).toMatch(/^Pulumi\.test\.yaml has a mistake; /);
    });
});
