import { controlAddresses, doors } from "../../../components/firewall";
import { quote } from "../../../components/shell";
import type { MachineAccess } from "../../../components/outputs";
import { each, verdict, type Check, type Finding } from "../check";
import { CannotRun, type LivingLab } from "../living-lab";

interface Target {
    machine: MachineAccess;
    port: number;
    what: string;
    /** Whether someone at this address may come in. */
    lets: (address: string) => boolean;
}

/** Ports that nobody but the machine itself may reach: Tomcat's, and those it would have by default (HTTP, AJP, shutdown). */
const tomcatDefaults = [8080, 8009, 8005];

function targets(lab: LivingLab): Target[] {
    const all = doors(lab.site);
    const ports: { port: number; what: string }[] = [
        ...all,
        ...[lab.site.tomcat.port, ...tomcatDefaults].map((port) => ({ port, what: "Tomcat" })),
    ];
    const distinct = [...new Map(ports.map((entry) => [entry.port, entry])).values()];
    return lab.access.machines.flatMap((machine) => distinct.map(({ port, what }): Target => {
        const door = all.find((candidate) => candidate.port === port && candidate.on.some(({ name }) => name === machine.name));
        return { machine, port, what: door?.what ?? what, lets: (address) => door !== undefined && (door.from === "anyone" || door.from.includes(address)) };
    }));
}

/** Shell text that tries to connect to each target, all at once, and prints the open ones, a line each. What drops packets costs two seconds. */
const knock = (list: Target[]) => `${list.map(({ machine, port }) => {
    const connect = `exec 3<>/dev/tcp/${machine.address}/${port}`;
    return `{ timeout 2 bash -c ${quote(connect)} 2>/dev/null && echo ${machine.address}:${port}; } &`;
}).join("\n")}\nwait`;

function compare(subject: string, address: string, tried: Target[], output: string): Finding {
    const open = new Set(output.trim().split("\n"));
    const isOpen = ({ machine, port }: Target) => open.has(`${machine.address}:${port}`);
    const name = ({ machine, port, what }: Target) => `${machine.name}:${port} (${what})`;
    const wronglyOpen = tried.filter((target) => isOpen(target) && !target.lets(address)).map((target) => `${name(target)} lets it in`);
    const wronglyShut = tried.filter((target) => !isOpen(target) && target.lets(address)).map((target) => `${name(target)} keeps it out`);
    const opened = tried.filter(isOpen).length;
    return verdict(subject, [...wronglyOpen, ...wronglyShut], `${opened} ports open to it, ${tried.length - opened} closed, each as it should be`);
}

/** From every machine, and from the control machine, to every port of every other. */
export const ports: Check = async (lab) => {
    const all = targets(lab);
    const machines = await each(lab.access.machines, ({ name }) => `from ${name}`, async (asker) => {
        const tried = all.filter(({ machine }) => machine.name !== asker.name);
        const { code, output } = await lab.ssh(asker, knock(tried));
        if (code !== 0) throw new CannotRun(output);
        return compare(`from ${asker.name}`, asker.address, tried, output);
    });
    const control = lab.site.isolated ? [await fromControl(lab, all)] : [];
    return [...machines, ...control];
};

async function fromControl(lab: LivingLab, all: Target[]): Promise<Finding> {
    const { gateway } = lab.site.network;
    const isControl = controlAddresses(lab.site).includes(gateway);
    return compare(isControl ? "from the control machine" : "from the gateway", gateway, all, await lab.inside(["bash", "-c", knock(all)]));
}

/**
 * From a machine that is none of the lab's: a network namespace on the lab's bridge, with an address that nobody has, made for this
 * check and gone after it.
 */
export const stranger: Check = async (lab) => {
    const { site } = lab;
    if (!site.isolated) throw new CannotRun("a stranger can only be made in an isolated lab's own network");
    const address = await freeAddress(lab);
    const [name, link] = ["lab-stranger", "lab-str"];
    const all = targets(lab);
    const script = `set -eu
ip netns add ${name}
trap 'ip netns delete ${name}' EXIT
ip link add ${link} type veth peer name eth0 netns ${name}
ip link set ${link} master ${site.network.bridge} up
ip -n ${name} address add ${address}/${site.network.cidr.split("/")[1]} dev eth0
ip -n ${name} link set eth0 up
ip netns exec ${name} bash -c ${quote(knock(all))}`;
    return [compare(`from ${address}`, address, all, await lab.inside(["bash", "-c", script]))];
};

/** The highest address of the network that no machine, the gateway or the virtual address has. */
async function freeAddress(lab: LivingLab): Promise<string> {
    const { site } = lab;
    const taken = new Set([site.network.gateway, site.virtualAddress, ...controlAddresses(site), ...site.machines.map(({ address }) => address)]);
    const prefix = site.network.gateway.split(".").slice(0, 3).join(".");
    const free = Array.from({ length: 100 }, (_, index) => `${prefix}.${250 - index}`).find((address) => !taken.has(address));
    if (!free) throw new CannotRun("the network has no free address");
    return Promise.resolve(free);
}
