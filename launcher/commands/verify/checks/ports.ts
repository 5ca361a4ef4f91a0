import type { MachineAccess } from "../../../../config/access";
import type { LabDescription } from "../../../../config/description";
import { highestFreeAddress } from "../../../../lib/ipv4";
import { quote } from "../../../../lib/shell";
import { controlAddresses } from "../../../../roles/addresses";
import { doorsOf } from "../../../../roles/doors";
import { CannotRun, type LivingLab } from "../../../stack/running-lab";
import { each, verdict, type Check, type Finding } from "../check";

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
                lets: (address) => door !== undefined && (door.from === "anyone" || door.from.includes(address)),
            };
        }),
    );
}

/** Shell text that tries for some seconds to connect to each target, all at once, and prints the open ones, a line each. A process for each, and no program: those take an emulated machine longest. */
const knock = (list: Target[], seconds: number) =>
    `bash -c ${quote(`for target in ${list.map(({ machine, port }) => `${machine.address}:${port}`).join(" ")}; do
    (exec 3<>"/dev/tcp/\${target%:*}/\${target#*:}" && echo "$target") 2>/dev/null &
done
sleep ${seconds}
kill $(jobs -p) 2>/dev/null
wait 2>/dev/null
exit 0`)} 2>/dev/null`;

/** What someone at `address`, who runs shell text through `runs`, finds open, and what of it should be otherwise. */
async function compare(
    subject: string,
    address: string,
    tried: Target[],
    runs: (script: string) => Promise<string>,
): Promise<Finding> {
    const knockFor = async (seconds: number) => new Set((await runs(knock(tried, seconds))).trim().split("\n"));
    const holds =
        (open: Set<string>) =>
        ({ machine, port }: Target) =>
            open.has(`${machine.address}:${port}`);
    let open = await knockFor(2);
    // Whoever finds a door shut that should be open may only be slow, and then two seconds say nothing of the others either.
    if (tried.some((target) => target.lets(address) && !holds(open)(target))) open = await knockFor(20);
    const isOpen = holds(open);
    const name = ({ machine, port, what }: Target) => `${machine.name}:${port} (${what})`;
    const wronglyOpen = tried
        .filter((target) => isOpen(target) && !target.lets(address))
        .map((target) => `${name(target)} lets it in`);
    const wronglyShut = tried
        .filter((target) => !isOpen(target) && target.lets(address))
        .map((target) => `${name(target)} keeps it out`);
    const opened = tried.filter(isOpen).length;
    return verdict(
        subject,
        [...wronglyOpen, ...wronglyShut],
        `${opened} ports open to it, ${tried.length - opened} closed, each as it should be`,
    );
}

/** From every machine, and from the control machine, to every port of every other. */
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

/** Whether what `lab.inside` runs has the gateway's address: it runs where the network was made for the lab. */
const isAtGateway = ({ isolated, network }: LabDescription) => isolated || (network.jump && network.mode === "nat");

async function fromControl(lab: LivingLab, all: Target[]): Promise<Finding> {
    const { gateway } = lab.description.network;
    const isControl = controlAddresses(lab.description).includes(gateway);
    return compare(isControl ? "from the control machine" : "from the gateway", gateway, all, (script) =>
        lab.inside(["bash", "-c", script]),
    );
}

/**
 * From a machine that is none of the lab's: a network namespace on the lab's bridge, with an address that nobody has, made for this
 * check and gone after it.
 */
export const stranger: Check = async (lab) => {
    const { description } = lab;
    if (!description.isolated) throw new CannotRun("a stranger can only be made in an isolated lab's own network");
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

/** The highest address of the network that no machine, the gateway or the virtual address has. */
function freeAddress({ description }: LivingLab): string {
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
