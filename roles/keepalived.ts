import { healthPath, isSample } from "../config/application";
import { machinesWith, prefixLength } from "../config/description";
import { addressesOf } from "./addresses";
import { connectionsPeer, connectionsScript } from "./connections";
import { asideFile, asideMinutes, handsOver, otherDirectors } from "./hand-over";
import { hardened } from "./hardening";
import { checkAgent } from "./health-checks";
import { restarted } from "./restarted";
import type { RoleConfiguration } from "./role-configuration";
import type { RoleContext } from "./role-definition";
import { render } from "./template";
import { directCurlText } from "../lib/proxies";

const configurationFile = "/etc/keepalived/keepalived.conf";
/** SELinux lets keepalived run the files in this folder without a boolean (selinux-policy, keepalived.fc). */
const checkScript = "/usr/libexec/keepalived/check-web-server";
const siteScript = "/usr/libexec/keepalived/check-site";
/** How long a director has for its answer whether it reaches an app server: it asks two, for half a second each. */
const siteSeconds = 2;

/** keepalived, which lets the directors share the virtual address (article, rows 5, 6 and 21). */
export function keepalivedConfiguration(context: RoleContext): RoleConfiguration {
    const { platform, description, passwords } = context;
    const { unit, test, scriptUser } = platform.keepalived;
    const { seconds } = checkOf(context);
    const others = otherDirectors(context);
    // Until a director holds the virtual address, a connection attempt hangs in ARP. Keep the timeout short.
    // With lab-connections.service an address of another director is this one's, too.
    const viaNetwork = connectionsPeer(context) ? ` --interface ${description.keepalived.interface}` : "";
    const ask = `${directCurlText}${viaNetwork} -sS -f -o /dev/null --connect-timeout ${seconds < 1 ? 0.3 : 1} --max-time 2`;
    // VRRP version 3 has no authentication. Its file holds no secret, so a preview shows what changes in it.
    const content =
        vrrpVersion(description.keepalived.advertInterval) === 2
            ? passwords.vrrp.apply((text) => keepalivedText(context, text))
            : keepalivedText(context);
    return {
        prepare: [
            `getent passwd ${scriptUser} >/dev/null ||`,
            `    useradd --system --no-create-home --home-dir /nonexistent --shell ${platform.noLogin} ${scriptUser}`,
        ],
        files: [
            { path: configurationFile, content, mode: "640" },
            ...(others.length > 0
                ? [
                      {
                          path: checkScript,
                          content: render("usr/libexec/keepalived/check-web-server", {
                              seconds,
                              aside: { file: asideFile, minutes: asideMinutes },
                          }),
                          mode: "755",
                      },
                      {
                          path: siteScript,
                          content: render("usr/libexec/keepalived/check-site", {
                              seconds: siteSeconds,
                              agent: !isSample(description) && { name: checkAgent },
                              others: others.map(({ address }) => address),
                          }),
                          mode: "755",
                      },
                  ]
                : []),
            {
                path: `/etc/systemd/system/${unit}.d/lab.conf`,
                content: render("etc/systemd/system/keepalived.service.d/lab.conf", {
                    virtualAddress: description.virtualAddress,
                    prefix: prefixLength(description.network.cidr),
                    interface: description.keepalived.interface,
                }),
            },
            restarted(unit),
            // VRRP and gratuitous ARP need raw sockets, the virtual address needs netlink, scripts run as another user.
            hardened(unit, platform, {
                capabilities: ["NET_ADMIN", "NET_RAW", "NET_BIND_SERVICE", "SETGID", "SETUID", "KILL"],
                families: ["AF_NETLINK", "AF_PACKET"],
            }),
        ],
        test: test?.(configurationFile),
        service: { unit, onChange: "reload", aside: handsOver(context) },
        ready: {
            command: `systemctl --quiet is-active ${unit} && ${ask} http://${description.virtualAddress}${healthPath(description)}`,
            seconds: 300,
        },
    };
}

/** VRRP version 3 (RFC 5798) counts fractions of a second, and has no password any more. */
export const vrrpVersion = (advertInterval: number) => (Number.isInteger(advertInterval) ? 2 : 3);

/**
 * The check by which keepalived asks its own web server; times are in seconds. keepalived skips a check while the one
 * before still runs, and a server that hangs uses up each check's whole time. Three checks shorter than the interval
 * notice the hang after 0.8 s, and tolerate a busy machine for 0.4 s. With advert intervals of a second or more, two
 * checks of one interval each are enough.
 */
export function checkOf({ description, platform }: Pick<RoleContext, "description" | "platform">): {
    interval: number;
    seconds: number;
    fall: number;
} {
    const interval = Math.max(platform.keepalived.shortestCheckInterval, description.keepalived.advertInterval);
    // curl before 7.32 (CentOS 7) takes whole seconds only.
    return interval < 1 ? { interval, seconds: 0.15, fall: 3 } : { interval, seconds: Math.floor(interval), fall: 2 };
}

export function keepalivedText(context: RoleContext, password?: string): string {
    const { description, machine, platform } = context;
    const check = checkOf({ description, platform });
    const { interface: device, virtualRouterId, advertInterval, preempt, notify } = description.keepalived;
    const directors = machinesWith(description, "director");
    const highest = Math.max(...directors.map((director) => director.priority ?? 0));
    const others = otherDirectors(context);
    return render("etc/keepalived/keepalived.conf", {
        routerId: `TENGINE_${machine.address.split(".").at(-1)}`,
        notify: notify.to.length > 0 && notify,
        version: vrrpVersion(advertInterval),
        // keepalived refuses MASTER together with nopreempt, so without preemption every director starts as BACKUP.
        state: preempt && machine.priority === highest ? "MASTER" : "BACKUP",
        interface: device,
        virtualRouterId,
        priority: machine.priority,
        // keepalived refuses a list of peers without a peer. A director without others sends its adverts to nobody.
        unicast: description.keepalived.unicast &&
            others.length > 0 && { source: machine.address, peers: addressesOf(others) },
        advertInterval,
        // A director without others keeps the address, whatever its checks find: nobody else can take it.
        checks: others.length > 0 && {
            webServer: {
                script: checkScript,
                interval: check.interval,
                timeout: Math.max(1, check.seconds),
                fall: check.fall,
            },
            site: { script: siteScript, timeout: directors.length * siteSeconds + 1 },
        },
        scriptUser: platform.keepalived.scriptUser,
        connections: connectionsPeer(context) !== undefined && { script: connectionsScript },
        preempt,
        password: password ?? false,
        virtualAddress: description.virtualAddress,
        prefix: prefixLength(description.network.cidr),
    });
}
