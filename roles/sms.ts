import { platforms } from "../catalog/platforms/index";
import { mistakeIf } from "../config/checks/check";
import { machinesWith, type LabDescription } from "../config/description";
import type { Mistake } from "../config/mistakes";
import { answersText } from "../lib/proxies";
import { hardened } from "./hardening";
import { monitorsOf } from "./monitoring";
import { restarted } from "./restarted";
import type { RoleConfiguration } from "./role-configuration";
import type { RoleContext, RoleDefinition } from "./role-definition";
import { render, verbatim } from "./template";

export const smsBridgePort = 9095;
const bridgeUnit = "sms-bridge.service";
/** The folder of gammu's dummy phone. */
const dummyFolder = "/var/lib/gammu-dummy";
export const smsSpool = "/var/spool/gammu";
const smsdFile = "/etc/gammu-smsdrc";

/**
 * A machine with a GSM modem, which sends critical alarms as text messages outside of working hours (article, row 24).
 */
export const sms: RoleDefinition = {
    name: "sms",
    onlyOne: "both would send each text",
    mistakes: (description) => [...smsMistakes(description), ...numbersHaveAMachine(description)],
    memoryMiB: () => 40,
    component: "lab:Sms",
    steps: [
        {
            name: "gammu-smsd",
            component: "lab:GammuSmsd",
            // Otherwise the bridge could call a monitoring silent that does not exist yet.
            after: { roles: ["monitor"] },
            configuration: smsdConfiguration,
        },
        {
            name: "sms-bridge",
            component: "lab:SmsBridge",
            after: { steps: ["gammu-smsd"] },
            configuration: bridgeConfiguration,
        },
    ],
    worksAfter: "sms-bridge",
    packages: (_description, platform) => platform.sms?.packages ?? [],
    units: (_description, platform) => (platform.sms ? [platform.sms.unit, bridgeUnit] : []),
    processes: (platform) => (platform.sms ? [{ program: /^gammu-smsd$/, user: platform.sms.user }] : []),
    exporters: () => [{ job: "sms", port: smsBridgePort }],
};

/** The machine with the modem. */
export const smsMachineOf = (description: LabDescription) => machinesWith(description, "sms")[0];

/** gammu-smsd: gives the texts of its outbox to the modem. */
function smsdConfiguration({ description, platform }: RoleContext): RoleConfiguration {
    if (!platform.sms) return {};
    const { user, unit, program } = platform.sms;
    const { device } = description.sms;
    const isDummy = device === "dummy";
    return {
        prepare: isDummy ? [dummyPhone(user)] : [],
        files: [
            {
                path: smsdFile,
                content: render("etc/gammu-smsdrc", { isDummy, dummyFolder, device: device ?? "", spool: smsSpool }),
            },
            {
                path: `/etc/systemd/system/${unit}.d/lab.conf`,
                content: render("etc/systemd/system/gammu-smsd.service.d/lab.conf", { user, program, file: smsdFile }),
            },
            restarted(unit),
            hardened(unit, platform, { devices: !isDummy }),
        ],
        service: { unit },
    };
}

/** gammu's dummy phone keeps each kind of text message in a folder of its own. */
function dummyPhone(user: string): string {
    const kinds = [1, 2, 3, 4, 5].map((number) => `${dummyFolder}/sms/${number}`);
    return `install -d -o ${user} -g ${user} ${[dummyFolder, `${dummyFolder}/sms`, ...kinds].join(" ")}`;
}

/** The bridge between Alertmanager and gammu-smsd. */
function bridgeConfiguration({ description, platform }: RoleContext): RoleConfiguration {
    if (!platform.sms) return {};
    const program = "/usr/libexec/lab/sms-bridge";
    return {
        files: [
            { path: program, content: verbatim("usr/libexec/lab/sms-bridge"), mode: "755" },
            {
                path: `/etc/systemd/system/${bridgeUnit}`,
                content: render(`etc/systemd/system/${bridgeUnit}`, {
                    user: platform.sms.user,
                    program,
                    words: bridgeArguments(description),
                }),
            },
            restarted(bridgeUnit),
            hardened(bridgeUnit, platform),
        ],
        service: { unit: bridgeUnit },
        ready: {
            command: answersText(`http://127.0.0.1:${smsBridgePort}/metrics`),
            seconds: 120,
        },
    };
}

function bridgeArguments({ site, sms: { numbers }, monitoring }: LabDescription): string[] {
    const { days, from, to, timeZone } = monitoring.workingHours;
    return [
        `--listen=:${smsBridgePort}`,
        `--site=${site.hostName}`,
        ...numbers.map((number) => `--number=${number}`),
        `--per-hour=${monitoring.smsPerHour}`,
        `--days=${days.join(",")}`,
        `--from-time=${from}`,
        `--to-time=${to}`,
        `--time-zone=${timeZone}`,
        `--spool=${smsSpool}`,
        `--configuration=${smsdFile}`,
        "--state=/var/lib/sms-bridge/state.json",
    ];
}

function smsMistakes(description: LabDescription): Mistake[] {
    const machine = smsMachineOf(description);
    if (!machine) return [];
    const { device, numbers } = description.sms;
    const path = `machines.${machine.name}.roles`;
    const monitors = monitorsOf(description);
    return [
        ...mistakeIf(platforms[description.platform].sms === undefined, () => ({
            path,
            problem: `${description.platform} has no packages of gammu-smsd`,
            remedy: "take the role sms away, or use debian-13",
        })),
        ...mistakeIf(monitors.length === 0, () => ({
            path,
            problem: "no machine with the role monitor raises the alarms that sms sends",
            remedy: "give a machine the role monitor, or take the role sms away",
        })),
        ...mistakeIf(monitors.length === 1 && monitors[0] === machine, () => ({
            path,
            problem: `nobody would tell that ${machine.name}, the only monitor, is down`,
            remedy: "give the role sms to another machine, or have a second monitor",
        })),
        ...mistakeIf(numbers.length === 0, () => ({
            path: "sms.numbers",
            problem: `is empty: ${machine.name} has the role sms and nobody to send texts to`,
            remedy: 'name the telephone numbers, for example [ "+15555550100" ], or take the role sms away',
        })),
        ...mistakeIf(device === undefined, () => ({
            path: "sms.device",
            problem: `is missing: ${machine.name} has the role sms and no modem`,
            remedy: "name the modem's path below /dev, or dummy for a test",
        })),
    ];
}

const numbersHaveAMachine = (description: LabDescription): Mistake[] =>
    mistakeIf(description.sms.numbers.length > 0 && !smsMachineOf(description), () => ({
        path: "sms.numbers",
        problem: "no machine has the role sms: nothing would send the texts",
        remedy: "give the machine with the modem the role sms, or take the numbers away",
    }));
