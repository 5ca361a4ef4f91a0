/** What a stack comes to, without a hypervisor, an engine or a download: the program itself, run with Pulumi's mocks. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { Artifacts, LocalArtifact } from "../../../artifacts/local-artifacts";
import { artifactCatalog } from "../../../catalog/artifacts";
import type { Virtualization } from "../../../components/hypervisor";
import { Lab } from "../../../components/lab";
import { imageOf } from "../../../config/chosen-image";
import type { MachineDescription, LabDescription } from "../../../config/description";
import { hostKeyOf } from "../../../lib/ssh-keys";
import { stepFolder } from "../../../roles/apply";
import type { Build } from "../../../roles/build";
import { neededArtifacts } from "../../../roles/of-machine";

interface Planned {
    type: string;
    name: string;
    inputs: Record<string, unknown>;
}

/** They only have to look like secrets: none of them is in a plan. */
const standIns = {
    databasePassword: "stand-in",
    vrrpPassword: "stand-in",
    loginKey: hostKeyOf("00".repeat(32), "login").privateKey,
    hostKeySeed: "00".repeat(32),
};

/** The plan of `site` as text; with `commands`, every command and script in full. */
export async function plan(description: LabDescription, { commands }: { commands: boolean }): Promise<string> {
    return inScratch(async (folder) => {
        const resources = await record(description, placeholders(description, folder));
        const show = commands ? once() : () => [];
        return [
            ...heading(description),
            ...description.machines.flatMap((machine) => ["", ...machinePlan(machine, description, resources, show)]),
            "",
        ].join("\n");
    });
}

/** How many resources, components among them, the program makes of `site`. */
export async function countResources(description: LabDescription): Promise<number> {
    return inScratch(async (folder) => (await record(description, placeholders(description, folder))).length);
}

/** Lends a folder, which is also where files are staged meanwhile. */
async function inScratch<T>(work: (folder: string) => Promise<T>): Promise<T> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "lab-plan-"));
    try {
        process.env.LAB_STAGE = folder;
        return await work(folder);
    } finally {
        delete process.env.LAB_STAGE;
        fs.rmSync(folder, { recursive: true, force: true });
    }
}

async function record(description: LabDescription, artifacts: Artifacts): Promise<Planned[]> {
    const resources: Planned[] = [];
    await pulumi.runtime.setMocks(
        {
            newResource: ({ type, name, inputs }) => {
                resources.push({ type, name, inputs: inputs as Record<string, unknown> });
                return { id: name, state: inputs as Record<string, unknown> };
            },
            call: ({ inputs }) => inputs as Record<string, unknown>,
        },
        "lab",
        "plan",
        true,
    );
    const virtualization: Virtualization | undefined =
        description.machineKind === "vm"
            ? { image: { path: "image", identity: "image" }, acceleration: "kvm" }
            : undefined;
    new Lab("lab", {
        description,
        secrets: standIns,
        artifacts,
        facts: Object.fromEntries(description.hypervisors.map(({ uri }) => [uri, { virtualization }])),
    });
    await pulumi.runtime.disconnect();
    return resources;
}

/** Empty files in the place of artifacts: a plan needs their names and sums, and must not wait for a download. */
function placeholders(description: LabDescription, folder: string): Artifacts {
    return Object.fromEntries(
        neededArtifacts(description).map((name): [string, LocalArtifact] => {
            const { file, sha256 } = artifactCatalog[name];
            const source = path.join(folder, file);
            fs.writeFileSync(source, "");
            return [name, { name: file, source, sha256: sha256 ?? "not published" }];
        }),
    ) as Artifacts;
}

function heading(description: LabDescription): string[] {
    const { network, virtualAddress, hypervisors, machineKind, platform, release, director } = description;
    const image = imageOf(description);
    return [
        `${description.machines.length} machines (${machineKind}) with ${platform}, made by ${hypervisors.map(({ name, uri }) => (name === undefined ? uri : `${name} (${uri})`)).join(", ")}`,
        `network ${network.mode === "bridge" ? `behind the bridge ${network.bridge}` : network.name} ${network.cidr}, gateway ${network.gateway}; virtual address ${virtualAddress}`,
        ...(machineKind === "vm"
            ? [image ? `image ${image.source}, sha256 ${image.sha256 ?? "not given"}` : "image built of packages"]
            : []),
        `release ${release}, directors ${director.source}; artifacts:`,
        ...neededArtifacts(description).map(
            (name) => `    ${artifactCatalog[name].file}  ${artifactCatalog[name].sha256 ?? "no published sha256"}`,
        ),
    ];
}

const packagesPattern = /^for package in (.*); do$/m;

function machinePlan(
    machine: MachineDescription,
    description: LabDescription,
    resources: Planned[],
    show: Show,
): string[] {
    const own = resources.filter(({ name }) => name.startsWith(`${machine.name}-`));
    const isOf = (type: string) => (resource: Planned) => resource.type === type;
    const size =
        description.machineKind === "vm"
            ? `${machine.memoryMiB} MiB, ${machine.vcpus} CPUs, ${machine.diskGiB} GiB`
            : `${machine.memoryMiB} MiB, ${machine.vcpus} CPUs`;
    return [
        `${machine.name}  ${machine.address}  ${machine.mac}  ${machine.roles.join(", ")}  (${size})${machine.hypervisor === undefined ? "" : `  on ${machine.hypervisor}`}`,
        ...own.filter(isOf("command:remote:Command")).flatMap(({ name, inputs }) => {
            const role = name.slice(machine.name.length + 1);
            const create = String(inputs.create);
            const packages = packagesPattern.exec(create)?.[1];
            const [, digests = {}] = inputs.triggers as [unknown, Record<string, string>?];
            return [
                `  ${role}${packages ? `: ${packages}` : ""}`,
                ...Object.entries(digests).map(
                    ([file, sha256]) =>
                        `    ${file === "apply" ? "(script)" : file.replace(/^files/, "")}  ${sha256.slice(0, 12)}`,
                ),
                ...show(script(create, machine, role), `${machine.name} ${role}`),
            ];
        }),
        ...own
            .filter(isOf("command:local:Command"))
            .filter(({ name }) => name.endsWith("-build"))
            .flatMap(({ inputs }) => {
                const { build: file } = JSON.parse(unwrapped(inputs.stdin)) as { build: string };
                const build = JSON.parse(fs.readFileSync(file, "utf8")) as Build;
                return [
                    `  compiled server: build ${build.key}`,
                    ...show(`${build.prepare}\n# As an ordinary user:\n${build.script}`, `${machine.name} build`),
                ];
            }),
    ];
}

/** A script's lines, or where the same script was shown already. */
type Show = (text: string, where: string) => string[];

function once(): Show {
    const shown = new Map<string, string>();
    return (text, where) => {
        const earlier = shown.get(text);
        shown.set(text, earlier ?? where);
        return earlier ? [`      | as ${earlier}`] : indented(text);
    };
}

/** What is run: the command itself, or the script that it starts. */
function script(create: string, machine: MachineDescription, role: string): string {
    const staged = path.join(process.env.LAB_STAGE ?? "", "plan", machine.name, "roles", role, "apply");
    return create.includes(`${stepFolder(role)}/apply`) && fs.existsSync(staged)
        ? fs.readFileSync(staged, "utf8")
        : create;
}

/** Standard input is secret as a whole. */
const unwrapped = (value: unknown) =>
    String(pulumi.runtime.isRpcSecret(value) ? pulumi.runtime.unwrapRpcSecret(value) : value);

const indented = (text: string) =>
    text
        .trimEnd()
        .split("\n")
        .map((line) => `      | ${line}`.trimEnd());
