/** Faults of a service on one machine. */
import type { MachineAccess } from "../../../../config/access";
import { asideFile } from "../../../../roles/hand-over";
import { quote } from "../../../../lib/shell";
import type { RunningLab } from "../../../stack/running-lab";
import { onMachine, signal, together, type Fault } from "./fault";

type ServiceFault = (lab: RunningLab, machine: MachineAccess, unit: string) => Fault;

/** The service is stopped, as an administrator does it. */
export const stopped: ServiceFault = (lab, machine, unit) =>
    onMachine(lab, machine, `${unit} stopped`, `systemctl stop ${quote(unit)}`, `systemctl start ${quote(unit)}`);

/** The service is killed, and systemd does not restart it. The fault begins when the last process is gone. */
export const killed: ServiceFault = (lab, machine, unit) => {
    const folder = `/run/systemd/system/${unit}.d`;
    // Drop-ins are read in the order of their names, whatever their folder. This one comes after the lab's own.
    const dropIn = `${folder}/zz-drill.conf`;
    return onMachine(
        lab,
        machine,
        `${unit} killed, and kept from restarting,`,
        `mkdir -p ${folder}
printf '[Service]\\nRestart=no\\n' > ${dropIn}
systemctl daemon-reload
${signal("KILL", unit)}
while systemctl --quiet is-active ${quote(unit)}; do sleep 0.02; done`,
        `rm -f ${dropIn}
systemctl daemon-reload
systemctl reset-failed ${quote(unit)} 2>/dev/null || true
systemctl start ${quote(unit)}`,
    );
};

/** The service is killed, and systemd may restart it. */
export const crashed: ServiceFault = (lab, machine, unit) =>
    onMachine(lab, machine, `${unit} killed`, signal("KILL", unit), `systemctl start ${quote(unit)}`);

export const restarted: ServiceFault = (lab, machine, unit) =>
    onMachine(lab, machine, `${unit} restarted`, `systemctl restart ${quote(unit)}`, `systemctl start ${quote(unit)}`);

/** The processes are stopped: the kernel accepts connections, but nothing answers. */
export const hanging: ServiceFault = (lab, machine, unit) =>
    onMachine(lab, machine, `${unit} hangs`, signal("STOP", unit), signal("CONT", unit));

/** The processes run only half of the time, 0.3 s in every 0.6 s. */
export const slowed: ServiceFault = (lab, machine, unit) => {
    const helper = "drill-slow";
    const loop = `while :; do ${signal("STOP", unit)}; sleep 0.3; ${signal("CONT", unit)}; sleep 0.3; done`;
    return onMachine(
        lab,
        machine,
        `${unit} slow`,
        // It ends after two minutes even if the drill is killed before it heals.
        `systemd-run --quiet --unit=${helper} --property=RuntimeMaxSec=120 ` +
            `--property=ExecStopPost=${quote(`/bin/systemctl kill --signal=CONT ${unit}`)} sh -c ${quote(loop)}`,
        `systemctl stop ${helper} 2>/dev/null || true; systemctl reset-failed ${helper} 2>/dev/null || true; ` +
            `${signal("CONT", unit)}`,
    );
};

/**
 * A full file system is mounted over the folders that a service writes to, and the service is killed, so that it starts
 * with full folders.
 */
export const diskFull = (lab: RunningLab, machine: MachineAccess, unit: string, folders: string[]): Fault =>
    onMachine(
        lab,
        machine,
        `no room for ${unit}`,
        `${folders
            .map(
                (folder) => `owner=$(stat -c %u:%g ${folder})
mount -t tmpfs -o size=64k,mode=755 drill ${folder}
chown $owner ${folder}
cat /dev/zero > ${folder}/filler 2>/dev/null || true`,
            )
            .join("\n")}
${signal("KILL", unit)}`,
        `systemctl stop ${quote(unit)}
${folders.map((folder) => `! mountpoint -q ${folder} || umount ${folder}`).join("\n")}
systemctl start ${quote(unit)}`,
    );

/** Shell text that runs `script` once in each mount namespace of a machine. `$pid` is a process there. */
const inEachMountNamespace = (script: string) => `seen=
for process in /proc/[0-9]*; do
    namespace=$(readlink "$process/ns/mnt") || continue
    case " $seen " in *" $namespace "*) continue ;; esac
    seen="$seen $namespace"
    nsenter --target "\${process#/proc/}" --mount env pid="\${process#/proc/}" sh -c ${quote(script)}
done`;

/** Every service opens new files in /var/log. */
const reopenLogs = `logrotate --force --state /var/lib/logrotate/lab.status /etc/lab-logrotate.conf
pkill -x rotatelogs || true
systemctl restart systemd-journald.service`;

/**
 * A full file system with the same folders is mounted over /var/log of every machine, and services open their logs
 * there. In containers a mount does not reach services with a mount namespace of their own.
 */
export const logDiskFull = (lab: RunningLab): Fault =>
    together(
        "no machine has room for logs",
        lab.access.machines.map((machine) =>
            onMachine(
                lab,
                machine,
                "no room for logs",
                `${inEachMountNamespace(`mkdir -p /run/drill-log
mount -t tmpfs -o size=256k,mode=755 drill /run/drill-log
cp -a --attributes-only /var/log/. /run/drill-log
# logrotate asks services to open their logs if it finds files. A service opens files that are not there.
[ "$pid" = 1 ] || find /run/drill-log -type f -delete
mount --bind /run/drill-log /var/log
cat /dev/zero > /var/log/drill-filler 2>/dev/null || true`)}
${reopenLogs}`,
                `${inEachMountNamespace(`[ -e /var/log/drill-filler ] || exit 0
while [ -e /var/log/drill-filler ]; do umount --lazy /var/log; done
while mountpoint -q /run/drill-log; do umount --lazy /run/drill-log; done`)}
${reopenLogs}
journalctl --flush`,
            ),
        ),
    );

/** The director gives the virtual address away in good order, and takes it back. */
export const aside = (lab: RunningLab, machine: MachineAccess): Fault =>
    onMachine(lab, machine, "the address handed over", `: > ${asideFile}`, `rm -f ${asideFile}`);

/** A file is edited with sed on several machines, and `then` is run. Healing restores the file. */
export function edited(
    lab: RunningLab,
    machines: MachineAccess[],
    options: { what: string; file: string; sed: string; then: string },
): Fault {
    const kept = `${options.file}.before-drill`;
    const faults = machines.map((machine) =>
        onMachine(
            lab,
            machine,
            options.what,
            `cp -p ${options.file} ${kept}\nsed -i ${quote(options.sed)} ${options.file}\n` +
                `! cmp -s ${options.file} ${kept}\n${options.then}`,
            `[ ! -e ${kept} ] || mv -f ${kept} ${options.file}\n${options.then}`,
        ),
    );
    return together(options.what, faults);
}
