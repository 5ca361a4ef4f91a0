/** What is wrong with the settings of alarms, where several values together show it. */
import { expect, test } from "vitest";
import { type Change, machine, mistakesOf, type Said } from "../../support/mistakes";

const complete: Change = (stack) => {
    stack.machines.nod5 = { address: "192.168.0.206", roles: ["monitor"] };
    machine(stack, "nod1").roles = ["memcached", "sms"];
    stack.sms = { device: "dummy", numbers: ["+15555550100"] };
    stack.monitoring = { mail: { to: ["admin@example.org"], relay: "192.168.0.10:25" } };
};

test("everything together is no mistake", () => {
    expect(mistakesOf(complete).said).toEqual([]);
});

test.each<[string, Change, ...Said[]]>([
    [
        "mail without a relay",
        (stack) => {
            stack.monitoring = { mail: { to: ["admin@example.org"] } };
        },
        [
            "monitoring.mail.relay",
            "is missing: nothing would take the mails to monitoring.mail.to",
            "name the site's mail server, for example 192.168.0.10:25",
        ],
    ],
    [
        "a modem without numbers",
        (stack) => {
            stack.sms = { device: "dummy" };
        },
        [
            "sms.numbers",
            "is empty: nod1 has the role sms and nobody to send texts to",
            'name the telephone numbers, for example [ "+15555550100" ], or take the role sms away',
        ],
    ],
    [
        "numbers without a modem",
        (stack) => {
            machine(stack, "nod1").roles = ["memcached"];
        },
        [
            "sms.numbers",
            "no machine has the role sms: nothing would send the texts",
            "give the machine with the modem the role sms, or take the numbers away",
        ],
    ],
    [
        "a modem nowhere",
        (stack) => {
            stack.sms = { numbers: ["+15555550100"] };
        },
        [
            "sms.device",
            "is missing: nod1 has the role sms and no modem",
            "name the modem's path below /dev, or dummy for a test",
        ],
    ],
    [
        "the modem at the only monitor",
        (stack) => {
            machine(stack, "nod1").roles = ["memcached"];
            machine(stack, "nod5").roles = ["monitor", "sms"];
        },
        [
            "machines.nod5.roles",
            "nobody would tell that nod5, the only monitor, is down",
            "give the role sms to another machine, or have a second monitor",
        ],
    ],
    [
        "two modems",
        (stack) => {
            machine(stack, "nod2").roles = ["app", "memcached", "sms"];
        },
        ["machines.nod2.roles", "a second sms: both would send each text", expect.any(String) as string],
    ],
    [
        "alarms without a monitor",
        (stack) => {
            delete stack.machines.nod5;
        },
        [
            "monitoring.mail.to",
            "no machine has the role monitor: nothing would raise an alarm",
            "give a machine the role monitor, or take the setting away",
        ],
        [
            "machines.nod1.roles",
            "no machine with the role monitor raises the alarms that sms sends",
            "give a machine the role monitor, or take the role sms away",
        ],
    ],
])("%s", (_what, change, ...said) => {
    const changed: Change = (stack) => {
        complete(stack);
        change(stack);
    };
    expect(mistakesOf(changed).said).toEqual(said);
});
