import { machinesWith, type LabDescription } from "../config/description";
import { mistakeIf } from "../config/checks/check";
import type { Mistake } from "../config/mistakes";
import { addressesOf } from "./addresses";
import { hardened } from "./hardening";
import type { RoleConfiguration } from "./role-configuration";
import type { RoleContext, RoleDefinition } from "./role-definition";
import { restarted } from "./restarted";
import { memcachedItemKiB, memcachedNodes, memcachedPort } from "./sessions";
import { render } from "./template";
import { directCurlText } from "../lib/proxies";

/** Prints how many copies of sessions the machine's memcached has. */
export const countCopies = "/usr/libexec/lab/count-copies";

/** memcached, which keeps the copies of Tomcat's sessions (article, row 9). */
export const memcached: RoleDefinition = {
    name: "memcached",
    withoutIt: "sessions would have nowhere to be kept",
    mistakes: (description) => [...failoverNodesExist(description), ...largeSessionsFit(description)],
    memoryMiB: ({ sessions }) => sessions.memcachedMiB + 16,
    // With all of them empty at the same moment, the end of a Tomcat would be the end of its sessions.
    takesTurns: true,
    steps: [
        { name: "memcached", component: "lab:Memcached", after: { roles: [] }, configuration: memcachedConfiguration },
    ],
    worksAfter: "memcached",
    packages: (_description, platform) => platform.packages.memcached,
    units: (_description, platform) => [platform.memcached.unit],
    processes: (platform) => [{ program: /^memcached$/, user: platform.memcached.user }],
    metrics: ({ machine: { address } }) =>
        render("usr/libexec/lab/metrics/memcached", { address, port: memcachedPort }),
    doors: (description) => [
        {
            what: "memcached",
            port: memcachedPort,
            on: machinesWith(description, "memcached"),
            from: addressesOf(machinesWith(description, "app")),
        },
    ],
};

export function memcachedConfiguration({ description, machine, platform }: RoleContext): RoleConfiguration {
    const { unit, user, program } = platform.memcached;
    const { address } = machine;
    const ask = `printf 'version\\r\\nquit\\r\\n' | ${directCurlText} -sS --max-time 2 telnet://${address}:${memcachedPort}`;
    return {
        prepare: [`before=$(${countCopies} 2>/dev/null || true)`],
        files: [
            {
                path: countCopies,
                content: render("usr/libexec/lab/count-copies", { curl: directCurlText, address, port: memcachedPort }),
                mode: "755",
            },
            {
                path: `/etc/systemd/system/${unit}.d/lab.conf`,
                content: render("etc/systemd/system/memcached.service.d/lab.conf", {
                    program,
                    user,
                    address,
                    port: memcachedPort,
                    memoryMiB: description.sessions.memcachedMiB,
                    itemKiB: memcachedItemKiB(description),
                }),
            },
            restarted(unit),
            hardened(unit, platform, { capabilities: ["SETGID", "SETUID", "SYS_RESOURCE"] }),
        ],
        service: { unit },
        ready: { command: `${ask} | grep -q ^VERSION`, seconds: 120 },
        finish: [
            "# After a restart the app servers write their copies again. The next memcached may restart only then.",
            "# Sessions end meanwhile, so this neither waits for each of them nor for ever.",
            "tenths=0",
            'while [ "$tenths" -lt 100 ]; do',
            `    copies=$(${countCopies})`,
            '    [ "${copies:-0}" -lt $((${before:-0} * 9 / 10)) ] || break',
            "    tenths=$((tenths + 1))",
            "    sleep 0.1",
            "done",
        ],
    };
}

function failoverNodesExist(description: LabDescription): Mistake[] {
    const names = memcachedNodes(description).map(({ name }) => name);
    const { failoverNodes = [] } = description.sessions;
    const choices = names.join(", ") || "the machines with the role memcached, once there are some";
    return [
        ...failoverNodes.flatMap((name, index) =>
            mistakeIf(!names.includes(name), () => ({
                path: `sessions.failoverNodes[${index}]`,
                problem: `there is no ${name}`,
                remedy: `choose from ${choices}`,
            })),
        ),
        ...mistakeIf(names.length > 0 && names.every((name) => failoverNodes.includes(name)), () => ({
            path: "sessions.failoverNodes",
            problem: "every memcached is a failover node: none is left for daily use",
            remedy: "leave at least one out; with a single memcached, set it to []",
        })),
    ];
}

/** memcached refuses to start with a largest item of more than half of its memory. */
function largeSessionsFit({ sessions: { maxKiB, memcachedMiB } }: LabDescription): Mistake[] {
    const atLeast = 16;
    const room = Math.floor((memcachedMiB * 1024) / atLeast);
    return mistakeIf(maxKiB > room, () => ({
        path: "sessions.maxKiB",
        problem: `fewer than ${atLeast} sessions of ${maxKiB} KiB fit into sessions.memcachedMiB (${memcachedMiB})`,
        remedy:
            `set it to ${room} or less, ` +
            `or sessions.memcachedMiB to ${Math.ceil((maxKiB * atLeast) / 1024)} or more`,
    }));
}
