/**
 * Free text in a stack file is either refused, without a secret's value in the message, or harmless in each file and
 * script.
 */
import { DOMParser } from "@xmldom/xmldom";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ConfigurationError } from "../../../config/mistakes";
import { readConfiguration as describeStack } from "../../../roles/configuration";
import { accountsSql, retiredAccountsSql } from "../../../roles/database-accounts";
import { keepalivedText } from "../../../roles/keepalived";
import { render } from "../../../roles/template";
import { articleLab } from "../../support/article";
import { contextOn, rolesOf } from "../../support/steps";

type Stack = ReturnType<typeof articleLab>;
const inside = (stack: Stack, section: string, values: Record<string, unknown>) => {
    stack[section] = { ...(stack[section] as object | undefined), ...values };
};

/** A lab with a monitor and a modem. */
const watched = (stack: Stack, monitoring: Record<string, unknown>) => {
    stack.machines.nod5 = { address: "192.168.0.206", roles: ["monitor"] };
    stack.machines.nod1 = { address: "192.168.0.201", roles: ["memcached", "sms"] };
    stack.sms = { device: "dummy", numbers: ["+15555550100"] };
    stack.monitoring = monitoring;
};

/** The settings that take a text, by path. */
const settings: Record<string, (stack: Stack, text: string) => void> = {
    "site.hostName": (stack, text) => inside(stack, "site", { hostName: text }),
    "database.name": (stack, text) => inside(stack, "database", { name: text }),
    "database.user": (stack, text) => inside(stack, "database", { user: text }),
    "network.name": (stack, text) => inside(stack, "network", { name: text }),
    "network.bridge": (stack, text) => inside(stack, "network", { bridge: text }),
    "network.gateway": (stack, text) => inside(stack, "network", { gateway: text }),
    "network.cidr": (stack, text) => inside(stack, "network", { cidr: text }),
    "network.nameServers": (stack, text) => inside(stack, "network", { nameServers: [text] }),
    "network.control": (stack, text) => inside(stack, "network", { control: [text] }),
    "keepalived.interface": (stack, text) => inside(stack, "keepalived", { interface: text }),
    "keepalived.notify.to": (stack, text) => inside(stack, "keepalived", { notify: { to: [text] } }),
    "keepalived.notify.from": (stack, text) =>
        inside(stack, "keepalived", { notify: { to: ["a@example.org"], from: text } }),
    "keepalived.notify.smtp": (stack, text) =>
        inside(stack, "keepalived", { notify: { to: ["a@example.org"], smtp: text } }),
    "monitoring.mail.to": (stack, text) => watched(stack, { mail: { to: [text], relay: "192.168.0.9:25" } }),
    "monitoring.mail.from": (stack, text) =>
        watched(stack, { mail: { to: ["a@example.org"], from: text, relay: "192.168.0.9:25" } }),
    "monitoring.mail.relay": (stack, text) => watched(stack, { mail: { to: ["a@example.org"], relay: text } }),
    "monitoring.workingHours.from": (stack, text) => watched(stack, { workingHours: { from: text } }),
    "monitoring.workingHours.timeZone": (stack, text) => watched(stack, { workingHours: { timeZone: text } }),
    "sms.device": (stack, text) => {
        watched(stack, {});
        stack.sms = { device: text, numbers: ["+15555550100"] };
    },
    "sms.numbers": (stack, text) => {
        watched(stack, {});
        stack.sms = { device: "dummy", numbers: [text] };
    },
    "sessions.failoverNodes": (stack, text) => inside(stack, "sessions", { failoverNodes: [text] }),
    virtualAddress: (stack, text) => {
        stack.virtualAddress = text;
    },
    machines: (stack, text) => {
        stack.machines[text] = { address: "192.168.0.210", roles: ["app"] };
    },
    "machines.nod0.address": (stack, text) => {
        stack.machines.nod0 = { roles: ["app"], address: text };
    },
    "machines.nod0.mac": (stack, text) => {
        stack.machines.nod0 = { roles: ["app"], address: "192.168.0.200", mac: text };
    },
};

/**
 * Text with special characters of shells, SQL, XML, mustache and the servers' configuration files, among harmless
 * characters.
 */
const nasty = fc
    .array(
        fc.oneof(
            fc.constantFrom(
                "'",
                '"',
                "`",
                " ",
                "\t",
                "\n",
                "\r",
                ";",
                "&",
                "|",
                "<",
                ">",
                "#",
                "!",
                "%",
                "\\",
                "$",
                "$(id)",
                "${HOME}",
                "`id`",
                "{{x}}",
                "{{{x}}}",
                "}",
                "{",
                "--",
                "-->",
                "]]>",
                "*/",
                "\0",
                "é",
                "\u202e",
                "../",
                "; reboot",
                "\nreboot\n",
                "' OR ''='",
                "&#x27;",
            ),
            fc.constantFrom("a", "site", "nod9", "192.168.0.210", "www.example.org", "a@example.org", "7"),
        ),
        { minLength: 1, maxLength: 6 },
    )
    .map((parts) => parts.join(""));

/** A value without a special character in any file or script. */
const harmless = /^[A-Za-z0-9._:@/+-]*$/;

test.each(Object.entries(settings))("%s", async (path, set) => {
    await fc.assert(
        fc.asyncProperty(nasty, async (text) => {
            const stack = articleLab();
            set(stack, text);
            let description;
            try {
                ({ description } = describeStack(stack, "test"));
            } catch (error) {
                expect(error).toBeInstanceOf(ConfigurationError);
                expect((error as ConfigurationError).mistakes.map((mistake) => mistake.path).join()).toContain(
                    path.split(".")[0],
                );
                return;
            }
            expect(text).toMatch(harmless);
            for (const { name } of description.machines) await rolesOf(description, name);
        }),
        { numRuns: 300 },
    );
});

/** A database password may hold more characters; each place must read back exactly the password. */
test("databasePassword", () => {
    const allowed = fc.string({ unit: fc.constantFrom(..."aZ9_.,:;+*/=@!?()[]{}^~-"), minLength: 8, maxLength: 64 });
    fc.assert(
        fc.property(fc.oneof(allowed, nasty), (text) => {
            const stack = { ...articleLab(), databasePassword: text };
            let configuration;
            try {
                configuration = describeStack(stack, "test");
            } catch (error) {
                expect(error).toBeInstanceOf(ConfigurationError);
                if (text.length >= 6) expect((error as Error).message).not.toContain(text);
                return;
            }
            const { description } = configuration;
            const xml = render("usr/local/tomcat/conf/database.xml", {
                dataSource: "jdbc/site",
                poolSize: 32,
                idle: 8,
                driver: "d",
                url: "u",
                user: "site",
                password: text,
            });
            expect(new DOMParser().parseFromString(xml, "text/xml").documentElement?.getAttribute("password")).toBe(
                text,
            );
            const sql = accountsSql(description, text);
            expect(sql.split("\n").filter((line) => line.startsWith("ALTER"))[0]).toMatch(
                /^ALTER USER '[a-z0-9_]+'@'[0-9.]+' IDENTIFIED BY '[^'\\]*';$/,
            );
            expect(sql).toContain(`IDENTIFIED BY '${text}';`);
            expect(retiredAccountsSql(description, text)).not.toContain(text);
        }),
        { numRuns: 500 },
    );
});

test("vrrpPassword", () => {
    fc.assert(
        fc.property(
            fc.oneof(
                fc.string({ unit: fc.constantFrom(..."aZ9_.,:;+*/=@!?()[]{}^~-#"), minLength: 1, maxLength: 9 }),
                nasty,
            ),
            (text) => {
                const stack = { ...articleLab(), vrrpPassword: text, keepalived: { advertInterval: 1 } };
                let description;
                try {
                    ({ description } = describeStack(stack, "test"));
                } catch (error) {
                    expect(error).toBeInstanceOf(ConfigurationError);
                    return;
                }
                const [machine] = description.machines.filter(({ roles }) => roles.includes("director"));
                if (!machine) throw new Error("no director");
                const lines = keepalivedText(contextOn(description, machine), text)
                    .split("\n")
                    .map((line) => line.trim());
                // keepalived.conf(5): `!` and `#` begin a comment, quotes a text with spaces; `~` and `$` are special
                // at a word's beginning.
                expect(lines).toContain(`auth_pass ${text}`);
                expect(text).not.toMatch(/[!#"'\s$]/);
            },
        ),
        { numRuns: 500 },
    );
});
