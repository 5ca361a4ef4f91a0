import * as fs from "node:fs";
import * as path from "node:path";
import { machinesWith, type LabDescription } from "../config/description";
import { checkout } from "../lib/environment";
import { overlap } from "../lib/ipv4";
import { answersText } from "../lib/proxies";
import { addressesOf, controlAddresses } from "./addresses";
import { alertmanagerPort } from "./alertmanager";
import { hardened } from "./hardening";
import { graphsOf } from "./monitor-graphs";
import { monitorsOf } from "./monitoring";
import { prometheusPort } from "./prometheus";
import { restarted } from "./restarted";
import type { ManagedFile, RoleConfiguration } from "./role-configuration";
import type { Door, RoleContext } from "./role-definition";
import { render, verbatim } from "./template";

const folder = "/usr/share/lab-monitor";
const changesFolder = "/var/lib/lab-monitor";
/** One JSON object a line: `{"time": SECONDS, "what": TEXT}`. `./lab up` and `./lab drill` append to it. */
export const changesFile = `${changesFolder}/changes.jsonl`;

/** Who may see the page on the monitor itself: this program, and the directors, which pass it on. */
export function pageDoor(description: LabDescription): Door {
    const control = controlAddresses(description);
    const directors = addressesOf(machinesWith(description, "director"));
    // nft refuses a list with an address that belongs to a network of the same list.
    const others = directors.filter((address) => !control.some((network) => overlap(address, network)));
    return {
        what: "the monitor's page",
        port: 80,
        on: monitorsOf(description),
        from: [...control, ...others],
    };
}

/** What the page has to know of the lab. The page finds everything else out by itself. */
export const siteOf = (description: LabDescription) => ({
    siteName: description.site.hostName,
    virtualAddress: description.virtualAddress,
    scrapeSeconds: description.monitoring.scrapeSeconds,
    machines: description.machines.map(({ name, address, roles }) => ({ name, address, roles })),
    graphs: graphsOf(description.keepalived.interface),
});

const ownFiles = [
    "index.html",
    "favicon.svg",
    "style.css",
    ...["alarms", "data", "dom", "format", "graphs", "lab", "page", "picture", "tiles"].map((name) => `${name}.js`),
];
/** uPlot's files on the control machine, by their names on the monitor. */
const uplot = { "uplot.js": "uPlot.iife.min.js", "uplot.css": "uPlot.min.css" };
const runbooks = path.join(checkout, "docs", "runbooks");

const runbookNames = () => (fs.existsSync(runbooks) ? fs.readdirSync(runbooks).sort() : []);

/** Every file of the page, by its name in the page's folder: the page works without the internet. */
export const pageFiles = (description: LabDescription): Record<string, string> => ({
    ...Object.fromEntries(ownFiles.map((name) => [name, verbatim(`${folder.slice(1)}/${name}`)])),
    ...Object.fromEntries(
        Object.entries(uplot).map(([name, source]) => [
            name,
            fs.readFileSync(path.join(checkout, "node_modules", "uplot", "dist", source), "utf8"),
        ]),
    ),
    ...Object.fromEntries(
        runbookNames().map((name) => [`runbooks/${name}`, fs.readFileSync(path.join(runbooks, name), "utf8")]),
    ),
    "site.json": `${JSON.stringify(siteOf(description))}\n`,
});

/** httpd on the monitor with the page, and a proxy that only reads from Prometheus and Alertmanager. */
export function monitorPageConfiguration({ description, machine, platform }: RoleContext): RoleConfiguration {
    const { unit, virtualHostFile, prepare, test, pidFile } = platform.httpd;
    return {
        prepare: [
            `mkdir -p ${changesFolder}`,
            `[ -e ${changesFile} ] || : > ${changesFile}`,
            ...prepare(changesFolder),
        ],
        files: [
            {
                path: virtualHostFile,
                content: render("etc/httpd/conf.d/monitor.conf", {
                    serverName: machine.name,
                    folder,
                    changesFolder,
                    changesFile,
                    prometheusPort,
                    alertmanagerPort,
                }),
            },
            ...Object.entries(pageFiles(description)).map(([name, content]): ManagedFile => ({
                path: `${folder}/${name}`,
                content,
            })),
            ...(pidFile ? [mainProcess(unit, pidFile)] : []),
            restarted(unit),
            hardened(unit, platform, { capabilities: ["NET_BIND_SERVICE", "SETGID", "SETUID", "CHOWN", "KILL"] }),
        ],
        test,
        service: { unit, onChange: "reload" },
        ready: {
            command: answersText("http://127.0.0.1/monitor/site.json"),
            seconds: 120,
        },
    };
}

/** systemd cannot guess which of several processes is the main one, and would not restart it. */
const mainProcess = (unit: string, pidFile: string): ManagedFile => ({
    path: `/etc/systemd/system/${unit}.d/pid-file.conf`,
    content: render("etc/systemd/system/httpd.service.d/pid-file.conf", { pidFile }),
});
