import { machinesWith, prefixLength } from "../config/description";
import { hardened } from "./hardening";
import type { RoleConfiguration } from "./role-configuration";
import type { RoleContext } from "./role-definition";
import { render } from "./template";

const configurationFile = "/etc/keepalived/keepalived.conf";
/** In the folder whose files SELinux lets keepalived run without its own confinement (selinux-policy, keepalived.fc): no boolean has to be set for it. */
const checkScript = "/usr/libexec/keepalived/check-web-server";

/** keepalived, which lets the directors share the virtual address (article, rows 5, 6 and 21). */
export function keepalivedConfiguration(context: RoleContext): RoleConfiguration {
    const { platform, description, passwords } = context;
    const { unit, test, scriptUser } = platform.keepalived;
    const { seconds } = checkOf(context);
    // Before some director has it, a question about the address is one to nobody, for whom the kernel would wait.
    const connectSeconds = seconds < 1 ? 0.3 : 1;
    // VRRP version 3 has no authentication, so that its file holds no secret and previews may show what changes in it.
    const content =
        vrrpVersion(description.keepalived.advertInterval) === 2
            ? passwords.vrrp.apply((text) => keepalivedText(context, text))
            : keepalivedText(context);
    return {
        prepare: [
            `getent passwd ${scriptUser} >/dev/null || useradd --system --no-create-home --home-dir /nonexistent --shell ${platform.noLogin} ${scriptUser}`,
        ],
        files: [
            { path: configurationFile, content, mode: "640" },
            { path: checkScript, content: render("usr/libexec/keepalived/check-web-server", { seconds }), mode: "755" },
            // VRRP and gratuitous ARP are packets of its own making; the address is put on the interface through netlink; its scripts run as another.
            hardened(unit, platform, {
                capabilities: ["NET_ADMIN", "NET_RAW", "NET_BIND_SERVICE", "SETGID", "SETUID", "KILL"],
                families: ["AF_NETLINK", "AF_PACKET"],
            }),
        ],
        test: test?.(configurationFile),
        service: { unit, onChange: "reload" },
        ready: {
            command: `systemctl --quiet is-active ${unit} && curl -sS -f -o /dev/null --connect-timeout ${connectSeconds} --max-time 2 http://${description.virtualAddress}/health`,
            seconds: 300,
        },
    };
}

/** Fractions of a second came with version 3 (RFC 5798), which dropped the password. */
export const vrrpVersion = (advertInterval: number) => (Number.isInteger(advertInterval) ? 2 : 3);

/**
 * How a director asks its own web server, in seconds. A server that hangs takes each question its whole time, and keepalived leaves out
 * a turn whose question before is not over: three that are shorter than the interval find it out in 0.8 s, and forgive a busy machine 0.4 s.
 * Whoever has time for slow adverts has it for slow answers: two that take a whole interval.
 */
export function checkOf({ description, platform }: Pick<RoleContext, "description" | "platform">): {
    interval: number;
    seconds: number;
    fall: number;
} {
    const interval = Math.max(platform.keepalived.shortestCheckInterval, description.keepalived.advertInterval);
    // curl older than 7.32, as CentOS 7's, knows whole seconds only.
    return interval < 1 ? { interval, seconds: 0.15, fall: 3 } : { interval, seconds: Math.floor(interval), fall: 2 };
}

export function keepalivedText({ description, machine, platform }: RoleContext, password?: string): string {
    const check = checkOf({ description, platform });
    const { interface: device, virtualRouterId, advertInterval, preempt, notify } = description.keepalived;
    const highest = Math.max(...machinesWith(description, "director").map((director) => director.priority ?? 0));
    return render("etc/keepalived/keepalived.conf", {
        routerId: `TENGINE_${machine.address.split(".").at(-1)}`,
        notify: notify.to.length > 0 && notify,
        version: vrrpVersion(advertInterval),
        // keepalived refuses a MASTER with nopreempt: without preemption everybody starts as BACKUP.
        state: preempt && machine.priority === highest ? "MASTER" : "BACKUP",
        interface: device,
        virtualRouterId,
        priority: machine.priority,
        advertInterval,
        checkInterval: check.interval,
        checkTimeout: Math.max(1, check.seconds),
        checkFall: check.fall,
        checkScript,
        scriptUser: platform.keepalived.scriptUser,
        preempt,
        password: password ?? false,
        virtualAddress: description.virtualAddress,
        prefix: prefixLength(description.network.cidr),
    });
}
