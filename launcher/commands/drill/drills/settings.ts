/** One change for each setting of the stack file (config/schema.ts): `up` makes it under load and takes it back. */
import { machinesWith, type LabDescription, type MachineDescription } from "../../../../config/description";
import { backWithin, noSessionReadFails, nothingLost, onlyInFlight, type Drill } from "../drill";
import { settingsChanged, type Setting } from "../faults/surroundings";
import { gentle } from "./stage";

interface Change {
    /** Another value than the shipped stack files have. For a setting of a machine it is the first with `role`. */
    value: (description: LabDescription, machine?: MachineDescription) => unknown;
    role?: string;
    /** The lab has to have a machine with this role. */
    onlyWith?: string;
    /** What has to change at the same time. */
    also?: (description: LabDescription) => Setting[];
}

const everyMachineAnew = { noticed: "every machine is made anew" };
const everyMachineOffAndOn = {
    noticed: "all machines go off and on at the same time; change them one after the other (`machines.NAME`)",
};
const otherPlace = { noticed: "the machines are made anew at another place" };

const onlySample = { noticed: "a drill's clients use the sample's pages" };

const mailed = (): Setting[] => [{ place: ["keepalived", "notify", "to"], value: ["operator@lab.invalid"] }];

const relayed = (): Setting[] => [{ place: ["monitoring", "mail", "relay"], value: "127.0.0.1:25" }];

/** By setting, with the names of docs/configuration.md. */
export const settingChanges: Record<string, Change | { noticed: string }> = {
    machineKind: everyMachineAnew,
    platform: everyMachineAnew,
    release: { noticed: "the other Tomcat's session manager cannot read the copies: every session ends" },
    java: { noticed: "only CentOS has a second JDK" },
    hypervisor: otherPlace,
    hypervisors: otherPlace,
    acceleration: everyMachineAnew,
    isolated: otherPlace,
    "network.name": everyMachineAnew,
    "network.mode": everyMachineAnew,
    "network.cidr": everyMachineAnew,
    "network.gateway": everyMachineAnew,
    "network.bridge": everyMachineAnew,
    "network.nameServers": everyMachineAnew,
    "network.timeServers": everyMachineAnew,
    "network.jump": { noticed: "nothing on any machine changes: it is the way of ssh from here" },
    "network.control": { value: ({ network: { cidr } }) => [cidr, "198.51.100.0/24"] },
    virtualAddress: { noticed: "visitors go on asking the former address" },
    "image.source": everyMachineAnew,
    "image.sha256": everyMachineAnew,
    "machineSize.memoryMiB": everyMachineOffAndOn,
    "machineSize.vcpus": everyMachineOffAndOn,
    "machineSize.diskGiB": everyMachineAnew,
    "machines.NAME.address": { role: "app", value: ({ network: { cidr } }) => cidr.replace(/\d+\/\d+$/, "231") },
    "machines.NAME.roles": { role: "app", value: (_description, machine) => [...(machine?.roles ?? []), "memcached"] },
    "machines.NAME.mac": { role: "memcached", value: () => "52:54:00:77:77:77" },
    "machines.NAME.priority": {
        role: "director",
        value: (description) => machinesWith(description, "director").at(-1)?.priority,
        also: (description) => {
            const [first, last] = [0, -1].map((index) => machinesWith(description, "director").at(index));
            return last ? [{ place: ["machines", last.name, "priority"], value: first?.priority }] : [];
        },
    },
    "machines.NAME.memoryMiB": { role: "app", value: () => 1280 },
    "machines.NAME.vcpus": { role: "memcached", value: () => 1 },
    "machines.NAME.diskGiB": { role: "memcached", value: () => 11 },
    "machines.NAME.hypervisor": otherPlace,
    "machines.NAME.protect": { role: "memcached", value: () => true },
    packageProxy: everyMachineAnew,
    "packages.refreshDays": { value: () => 29 },
    "site.application.source": onlySample,
    "site.application.sha256": onlySample,
    "site.application.files": onlySample,
    "site.application.writableFolders": { value: () => ["cache"] },
    "site.application.contextPath": { noticed: "visitors go on asking the former addresses" },
    "site.application.health": { value: () => "/health" },
    "site.application.environment": { value: () => ({ "drill/entry": "text" }) },
    "site.application.properties": { value: () => ({ "drill.entry": "text" }) },
    "site.application.jvmOptions": { value: () => ["-Ddrill=true"] },
    "site.application.dataSource": { noticed: "the sample asks for jdbc/site" },
    "site.application.poolSize": { value: () => 16 },
    "site.application.sessionMinutes": { value: () => 45 },
    "site.hostName": { value: () => "shop.test.com" },
    "database.server": { noticed: "the other server begins with an empty database" },
    "database.name": { value: () => "shop" },
    "database.schema": { value: () => "site/schema.sql" },
    "database.user": { value: () => "shopkeeper" },
    "database.dumpDays": { value: () => 3 },
    "tomcat.heapMiB": { value: () => 192 },
    "tomcat.port": { value: () => 8082 },
    "sessions.memcachedMiB": { value: () => 96 },
    "sessions.maxKiB": { value: () => 512 },
    "sessions.max": { value: () => 5000 },
    "sessions.failoverNodes": { value: () => [] },
    "sessions.backup": { value: () => "async" },
    "sessions.keepCopies": { value: () => false },
    "sessions.serializer": { noticed: "the other serializer cannot read the copies: every session ends" },
    "sessions.client": {
        value: ({ sessions: { client } }) =>
            client === "spymemcached-2.11.1" ? "spymemcached-2.11.7" : "spymemcached-2.11.1",
    },
    "director.source": {
        value: ({ director: { source } }) => (source === "nginx-1.26.3" ? "tengine-3.1.0" : "nginx-1.26.3"),
    },
    "director.affinity": { value: () => "uri" },
    "director.timeouts.connectSeconds": { value: () => 0.7 },
    "director.timeouts.sendSeconds": { value: () => 50 },
    "director.timeouts.answerSeconds": { value: () => 50 },
    "director.maxBodyMiB": { value: () => 32 },
    "director.maxHeaderKiB": { value: () => 16 },
    "director.compress": { value: () => false },
    "keepalived.interface": { noticed: "the machines have one device, of one name" },
    "keepalived.virtualRouterId": { value: () => 124 },
    "keepalived.advertInterval": { value: () => 0.4 },
    "keepalived.preempt": { value: () => false },
    "keepalived.unicast": { value: ({ keepalived: { unicast } }) => !unicast },
    "keepalived.notify.to": { value: () => ["operator@lab.invalid"] },
    "keepalived.notify.from": { value: () => "keepalived@lab.invalid", also: mailed },
    "keepalived.notify.smtp": { value: () => "127.0.0.2", also: mailed },
    "logs.days": { value: () => 7 },
    "logs.maxMiB": { value: () => 128 },
    "logs.journalMiB": { value: () => 128 },
    "monitoring.retentionDays": { onlyWith: "monitor", value: () => 20 },
    "monitoring.retentionMiB": { onlyWith: "monitor", value: () => 512 },
    "monitoring.scrapeSeconds": { onlyWith: "monitor", value: () => 4 },
    "monitoring.thresholds.processorPercent": { onlyWith: "monitor", value: () => 95 },
    "monitoring.thresholds.memoryPercent": { onlyWith: "monitor", value: () => 95 },
    "monitoring.thresholds.diskPercent": { onlyWith: "monitor", value: () => 95 },
    "monitoring.thresholds.heapPercent": { onlyWith: "monitor", value: () => 95 },
    "monitoring.thresholds.connectionsPercent": { onlyWith: "monitor", value: () => 95 },
    "monitoring.thresholds.siteSeconds": { onlyWith: "monitor", value: () => 3 },
    "monitoring.thresholds.certificateDays": { onlyWith: "monitor", value: () => 21 },
    "monitoring.thresholds.openFilesPercent": { onlyWith: "monitor", value: () => 95 },
    "monitoring.thresholds.diskWaitPercent": { onlyWith: "monitor", value: () => 95 },
    "monitoring.thresholds.majorFaultsPerSecond": { onlyWith: "monitor", value: () => 700 },
    "monitoring.thresholds.clockSeconds": { onlyWith: "monitor", value: () => 0.2 },
    "monitoring.mail.to": { onlyWith: "monitor", value: () => ["operator@lab.invalid"], also: relayed },
    "monitoring.mail.from": { onlyWith: "monitor", value: () => "monitor@lab.invalid" },
    "monitoring.mail.relay": { onlyWith: "monitor", value: () => "127.0.0.1:25" },
    "monitoring.webhook": { onlyWith: "monitor", value: () => "http://127.0.0.1:9/" },
    "monitoring.workingHours.days": { onlyWith: "monitor", value: () => ["monday"] },
    "monitoring.workingHours.from": { onlyWith: "monitor", value: () => "08:00" },
    "monitoring.workingHours.to": { onlyWith: "monitor", value: () => "17:00" },
    "monitoring.workingHours.timeZone": { onlyWith: "monitor", value: () => "Europe/Berlin" },
    "monitoring.smsPerHour": { onlyWith: "monitor", value: () => 5 },
    "sms.device": { noticed: "the modem's machine is made anew; it serves no visitor" },
    "sms.numbers": { onlyWith: "monitor", value: () => ["+15555550199"] },
};

/** The settings of a change; undefined where the lab has not the machines. */
export function settingsOf(setting: string, change: Change, description: LabDescription): Setting[] | undefined {
    const { role, onlyWith = role, value, also } = change;
    const [machine] = onlyWith === undefined ? [] : machinesWith(description, onlyWith);
    if (onlyWith !== undefined && !machine) return undefined;
    const place = setting.split(".").map((key) => (key === "NAME" ? (machine?.name ?? key) : key));
    return [{ place, value: value(description, machine) }, ...(also?.(description) ?? [])];
}

/** Drills by name: `changed-tomcat.heapMiB`. */
export const settingDrills: Record<string, Drill> = Object.fromEntries(
    Object.entries(settingChanges).flatMap(([setting, change]) =>
        "noticed" in change ? [] : [[`changed-${setting}`, drillOf(setting, change)]],
    ),
);

function drillOf(setting: string, change: Change): Drill {
    return {
        help: `one \`up\` changes lab:${setting}, the next one takes it back`,
        load: { ...gentle, clients: 8, pauseMs: 150, probeEveryMs: 50 },
        goals: [nothingLost, noSessionReadFails, onlyInFlight(0), backWithin(0.3)],
        cannot: (description) =>
            settingsOf(setting, change, description) ? undefined : `no machine has the role ${change.onlyWith}`,
        run: async (stage) => {
            const settings = settingsOf(setting, change, stage.lab.description) ?? [];
            const what = settings
                .map(({ place, value }) => `${place.join(".")} is ${JSON.stringify(value)}`)
                .join(", ");
            await stage.withFault(settingsChanged(stage.lab, what, settings), 2);
        },
    };
}
