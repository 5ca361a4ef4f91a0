/** Checks of this machine: whether it has what `./lab` and pulumi need, wherever the lab's machines will be. */
import * as fs from "node:fs";
import { missingArtifacts } from "../../../../artifacts/cache";
import { ensureDiskImage } from "../../../../artifacts/disk-image";
import { curlWords } from "../../../../artifacts/fetchers";
import { cachedValve, installJava, valveDigest, valveFile } from "../../../../artifacts/tomcat-valve";
import { neededArtifacts } from "../../../../roles/of-machine";
import { imageOf } from "../../../../config/chosen-image";
import { findEngine } from "../../../engine/index";
import { findOfficialCli } from "../../../engine/official";
import { UserError } from "../../../../lib/errors";
import { silent } from "../../../../lib/progress";
import { cacheFolder, isOffline, stackFolder } from "../../../../lib/environment";
import { programsForVms } from "../../../isolated-host/required-programs";
import { missingNeeds } from "../../../isolated-host/host-packages";
import { isInstalled } from "../../../../lib/programs";
import { run } from "../../../../lib/run";
import { machinesFolder } from "../../../stack/folders";
import { memoryDemandMiB, mistakesHere, nearestExisting, thisHostSize } from "../../../stack/host-size";
import { bad, good, problemOf, warning, type Check } from "../finding";
import type { ThisMachine } from "../place";
import { processorsFinding } from "./processors";

const account: Check<ThisMachine> = {
    name: "user",
    look: ({ file, isRoot }) =>
        Promise.resolve([
            isRoot || !file.isIsolated
                ? good("this user", isRoot ? "is root" : "need not be root for this stack")
                : bad(
                      "this user",
                      "is not root, but an isolated stack needs namespaces and a libvirtd of its own",
                      "Call ./lab as root, for example with sudo.",
                  ),
        ]),
};

/** What this machine needs for a stack with its own hypervisor. */
const neededPrograms = [
    ...programsForVms,
    { program: "curl", what: "files are downloaded with it", packages: "Debian and Red Hat: curl" },
    {
        program: "ssh",
        what: "./lab ssh, status and verify go through it",
        packages: "Debian: openssh-client, Red Hat: openssh-clients",
    },
];

const programs: Check<ThisMachine> = {
    name: "programs",
    look: ({ file, description, isRoot }) => {
        if (!file.isIsolated) {
            return Promise.resolve(
                neededPrograms.map(({ program, what, packages }) =>
                    isInstalled(program)
                        ? good(program, "is installed")
                        : bad(program, `is missing: ${what}`, `Install it (${packages}).`),
                ),
            );
        }
        const missing = missingNeeds(description.machineKind);
        const names = [...new Set(missing.map((need) => need.package))].join(", ");
        if (missing.length === 0)
            return Promise.resolve([good("this machine", "has everything that an isolated lab needs")]);
        return Promise.resolve([
            isInstalled("apt-get") && isRoot
                ? good("this machine", `./lab up installs ${names}, without starting a service`)
                : bad(
                      "this machine",
                      `lacks ${missing.map((need) => need.anyOf[0]).join(", ")}`,
                      `Install them; on Debian they are in the packages ${names}.`,
                  ),
        ]);
    },
};

/** What a lab of six containers and its caches need on this machine, as README.md says. */
const isolatedDisk = 6 * 1024 ** 3;

function lookAtFolder(variable: string, folder: string, { file }: ThisMachine) {
    const place = nearestExisting(folder);
    try {
        fs.accessSync(place, fs.constants.W_OK);
    } catch {
        return bad(folder, "this user cannot write there", `Choose another folder: ${variable}=FOLDER ./lab ...`);
    }
    const { bavail, bsize } = fs.statfsSync(place);
    const seen = `${((bavail * bsize) / 1024 ** 3).toFixed(1)} GiB free`;
    const needed = file.isIsolated ? isolatedDisk : isolatedDisk / 2;
    return bavail * bsize < needed
        ? warning(
              folder,
              seen,
              `Make room: a first ./lab up needs ${needed / 1024 ** 3} GiB. ` +
                  `Or choose another folder: ${variable}=FOLDER ./lab ...`,
          )
        : good(folder, seen);
}

const folders: Check<ThisMachine> = {
    name: "folders",
    look: (machine) =>
        Promise.resolve([
            lookAtFolder("LAB_CACHE", cacheFolder(), machine),
            lookAtFolder("LAB_HOME", stackFolder(machine.stack), machine),
        ]),
};

/** For isolated stacks. What the machines of other stacks take is checked on their hypervisors. */
const size: Check<ThisMachine> = {
    name: "size",
    look: ({ description, stack }) => {
        if (!description.isolated) return Promise.resolve([]);
        const folder = stackFolder(stack);
        const host = thisHostSize(folder);
        const demand = memoryDemandMiB(description, description.machines);
        const isUp = fs.existsSync(machinesFolder(stack));
        const gibibytes = (mebibytes: number) => (mebibytes / 1024).toFixed(1);
        const seen =
            `${gibibytes(host.availableMiB)} of ${gibibytes(host.memoryMiB)} GiB of memory available; ` +
            `the machines need ${gibibytes(demand)} GiB${isUp ? ", and the lab is up" : ""}`;
        const mistakes = mistakesHere(stack)(description);
        const memory =
            isUp || demand <= host.availableMiB
                ? good("this machine", seen)
                : warning("this machine", seen, "Free some memory.");
        return Promise.resolve([
            ...(mistakes.length > 0
                ? mistakes.map(({ path: setting, problem, remedy }) => bad(`lab:${setting}`, problem, `${remedy}.`))
                : [memory]),
            ...processorsFinding("this machine", description.machines, host.processors),
        ]);
    },
};

const plugins: Check<ThisMachine> = {
    name: "plugins",
    look: async () => {
        const engine = await findEngine({ cache: cacheFolder() });
        if (engine) return engine.parts.map(({ name, version, origin }) => good(name, `${version}, ${origin}`));
        const official = await findOfficialCli(process.env);
        if (official)
            return [good("pulumi", `${official.version}, official; its plugins come with the first ./lab up`)];
        const remedy = "Install Go 1.24.7 or newer, or the official pulumi (3.200 or newer).";
        if (!isInstalled("go")) return [bad("pulumi", "is not installed, and Go is missing to build it", remedy)];
        return isOffline()
            ? [
                  bad(
                      "pulumi",
                      "is not installed, and LAB_OFFLINE forbids to build it",
                      "Call ./lab engine without LAB_OFFLINE once.",
                  ),
              ]
            : [
                  good(
                      "pulumi",
                      "./lab up builds it with its plugins once, in some minutes; ./lab engine does only that",
                  ),
              ];
    },
};

const toolOf: Record<string, { program: string; remedy: string }> = {
    Maven: { program: "mvn", remedy: "Install Maven (Debian: maven)." },
    Debian: { program: "apt-get", remedy: "Copy the file from a Debian machine: apt-get source exists only there." },
};

const artifacts: Check<ThisMachine> = {
    name: "artifacts",
    look: async ({ description }) => {
        const names = neededArtifacts(description);
        const missing = await missingArtifacts(names, cacheFolder());
        const looks = await Promise.all(
            missing.map(async ({ file, origin, fromRegistry, place, fault }) => {
                const tool = toolOf[/^\w+/.exec(origin)?.[0] ?? ""];
                const problem = isOffline()
                    ? "LAB_OFFLINE forbids downloads"
                    : fromRegistry
                      ? tool && !isInstalled(tool.program)
                          ? `${tool.program} is missing`
                          : undefined
                      : await unreachable(origin);
                const seen = `${fault ?? "not in the cache"}; its source is ${origin}`;
                if (problem === undefined) return good(file, `${seen}: ./lab up fetches it`);
                return bad(
                    file,
                    `${seen}: ${problem}`,
                    `${tool && !isOffline() ? `${tool.remedy} Or copy` : "Copy"} the file by hand to ${place}`,
                );
            }),
        );
        return [
            ...(missing.length < names.length
                ? [
                      good(
                          "cache",
                          `${names.length - missing.length} of ${names.length} files are there, with the right sha256`,
                      ),
                  ]
                : []),
            ...looks,
            ...valveFindings(description),
        ];
    },
};

/** About the jar that is compiled here. */
function valveFindings({ release, sessions }: ThisMachine["description"]): Awaited<ReturnType<typeof artifacts.look>> {
    if (!sessions.keepCopies) return [];
    if (fs.existsSync(cachedValve(cacheFolder(), valveDigest(release)))) return [good(valveFile, "is compiled")];
    const programs = ["mvn", ...(process.env.JAVA_HOME === undefined ? ["javac"] : [])];
    const missing = programs.filter((program) => !isInstalled(program));
    return missing.length === 0
        ? [good(valveFile, `./lab up compiles it${isOffline() ? " with what Maven's local repository has" : ""}`)]
        : [bad(valveFile, `is not compiled, and ${missing.join(" and ")} is missing`, installJava)];
}

/**
 * The disk image of virtual machines, if it is not built here. The libvirt provider reads it on this machine, for a
 * remote hypervisor too.
 */
const image: Check<ThisMachine> = {
    name: "image",
    look: async ({ description }) => {
        const source = description.machineKind === "vm" ? imageOf(description)?.source : undefined;
        if (source === undefined) return [];
        try {
            const there = await ensureDiskImage(description, { cache: cacheFolder(), offline: true, progress: silent });
            return [
                good(source, `is in the cache: ${(fs.statSync(there?.path ?? "").size / 1024 ** 2).toFixed(0)} MiB`),
            ];
        } catch (error) {
            const problem = source.startsWith("/") || isOffline() ? problemOf(error) : await unreachable(source);
            return [
                problem === undefined
                    ? good(source, "./lab up fetches it")
                    : bad(
                          source,
                          problem,
                          error instanceof UserError ? error.remedy : "Choose another image: lab:image.source.",
                      ),
            ];
        }
    },
};

/** Why a URL cannot be downloaded, asked with a HEAD request as the download asks. Undefined if it can. */
const unreachable = (url: string): Promise<string | undefined> =>
    run([...curlWords, "--head", "--max-time", "10", url], { name: url }).then(() => undefined, problemOf);

export const machineChecks = [account, programs, folders, size, plugins, artifacts, image];
