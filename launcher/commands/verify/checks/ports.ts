import { highestFreeAddress, overlap } from "../../../../lib/ipv4";
import { controlAddresses } from "../../../../roles/addresses";
import { doorsOf } from "../../../../roles/doors";
import { quote } from "../../../../lib/shell";
import type { MachineAccess } from "../../../../config/access";
import type { LabDescription } from "../../../../config/description";
import type { Look } from "../../../checks/finding";
import { each, verdict, type Check, type Result } from "../check";
import { CannotRun, type RunningLab } from "../../../stack/running-lab";

interface Target {
    machine: MachineAccess;
    port: number;
    what: string;
    /** Whether the port has to be open to this address. */
    isOpenTo: (address: string) => boolean;
}

/** Tomcat's default ports (HTTP, AJP, shutdown), which only the machine itself may reach. */
const tomcatDefaults = [8080, 8009, 8005];

function targets(lab: RunningLab): Target[] {
    const all = doorsOf(lab.description);
    const ports = [
        ...all.flatMap(({ port, what }) => (typeof port === "number" ? [{ port, what }] : [])),
        ...[lab.description.tomcat.port, ...tomcatDefaults].map((port) => ({ port, what: "Tomcat" })),
    ];
    const distinct = [...new Map(ports.map((entry) => [entry.port, entry])).values()];
    return lab.access.machines.flatMap((machine) =>
        distinct.map(({ port, what }): Target => {
            const door = all.find(
                (candidate) => candidate.port === port && candidate.on.some(({ name }) => name === machine.name),
            );
            return {
                machine,
                port,
                what: door?.what ?? what,
                isOpenTo: (address) =>
                    door !== undefined &&
                    (door.from === "anyone" || door.from.some((network) => overlap(address, network))),
            };
        }),
    );
}

/**
 * Shell text that tries to connect to all targets at the same time, for some seconds, and prints the open ones, one on
 * a line. It forks without starting programs, because starting a program takes an emulated machine longest.
 */
const tryToConnect = (list: Target[], seconds: number) =>
    `bash -c ${quote(`for target in ${list.map(({ machine, port }) => `${machine.address}:${port}`).join(" ")}; do
    (exec 3<>"/dev/tcp/\${target%:*}/\${target#*:}" && echo "$target") 2>/dev/null &
done
sleep ${seconds}
kill $(jobs -p) 2>/dev/null
wait 2>/dev/null
exit 0`)} 2>/dev/null`;

/** Tries all ports from `address`, and compares what is open with what should be. `runs` runs shell text there. */
async function compare(
    subject: string,
    address: string,
    tried: Target[],
    runs: (script: string) => Promise<string>,
): Promise<Look<Result>> {
    const openWithin = async (seconds: number) =>
        new Set((await runs(tryToConnect(tried, seconds))).trim().split("\n"));
    const holds =
        (open: Set<string>) =>
        ({ machine, port }: Target) =>
            open.has(`${machine.address}:${port}`);
    let open = await openWithin(2);
    // If a port is closed that should be open, the machine may only be slow. Then two seconds say nothing about the
    // other ports either.
    if (tried.some((target) => target.isOpenTo(address) && !holds(open)(target))) open = await openWithin(20);
    const isOpen = holds(open);
    const name = ({ machine, port, what }: Target) => `${machine.name}:${port} (${what})`;
    const wronglyOpen = tried
        .filter((target) => isOpen(target) && !target.isOpenTo(address))
        .map((target) => `${name(target)} is open to it`);
    const wronglyClosed = tried
        .filter((target) => !isOpen(target) && target.isOpenTo(address))
        .map((target) => `${name(target)} is closed to it`);
    const opened = tried.filter(isOpen).length;
    return verdict(
        subject,
        [...wronglyOpen, ...wronglyClosed],
        `${opened} ports open to it, ${tried.length - opened} closed, each as it should be`,
    );
}

/** From every machine, and from the control machine, to every port of every other machine. */
export const ports: Check = async (lab) => {
    const all = targets(lab);
    const machines = await each(
        lab.access.machines,
        ({ name }) => `from ${name}`,
        async (asker) => {
            const tried = all.filter(({ machine }) => machine.name !== asker.name);
            return compare(`from ${asker.name}`, asker.address, tried, async (script) => {
                const { code, output } = await lab.ssh(asker, script);
                if (code !== 0) throw new CannotRun(output);
                return output;
            });
        },
    );
    return [...machines, ...(isAtGateway(lab.description) ? [await fromControl(lab, all)] : [])];
};

/**
 * Whether programs of `lab.inside` have the gateway's address: they run on the host on which the lab's network was
 * made.
 */
const isAtGateway = ({ isolated, network }: LabDescription) => isolated || (network.jump && network.mode === "nat");

async function fromControl(lab: RunningLab, all: Target[]): Promise<Look<Result>> {
    const { gateway } = lab.description.network;
    const isControl = controlAddresses(lab.description).includes(gateway);
    return compare(isControl ? "from the control machine" : "from the gateway", gateway, all, (script) =>
        lab.inside(["bash", "-c", script]),
    );
}

/**
 * From a machine that does not belong to the lab: a network namespace on the lab's bridge, with a free address. It is
 * removed after the check.
 */
export const stranger: Check = async (lab) => {
    const { description } = lab;
    if (!description.isolated) throw new CannotRun("only in an isolated lab's own network can a stranger be made");
    const address = freeAddress(lab);
    const [name, link] = ["lab-stranger", "lab-str"];
    const all = targets(lab);
    const asStranger = (script: string) => `set -eu
ip netns add ${name}
trap 'ip netns delete ${name}' EXIT
ip link add ${link} type veth peer name eth0 netns ${name}
ip link set ${link} master ${description.network.bridge} up
ip -n ${name} address add ${address}/${description.network.cidr.split("/")[1]} dev eth0
ip -n ${name} link set eth0 up
ip netns exec ${name} bash -c ${quote(script)}`;
    return [await compare(`from ${address}`, address, all, (script) => lab.inside(["bash", "-c", asStranger(script)]))];
};

/** A free address of the network, as high as possible. */
function freeAddress({ description }: RunningLab): string {
    const taken = new Set([
        description.network.gateway,
        description.virtualAddress,
        ...controlAddresses(description),
        ...description.machines.map(({ address }) => address),
    ]);
    const free = highestFreeAddress(description.network.cidr, taken);
    if (!free) throw new CannotRun("the network has no free address");
    return free;
}
