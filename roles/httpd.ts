import * as path from "node:path";
import type { LogFiles, Platform } from "../catalog/platforms/platform";
import { releases } from "../catalog/releases";
import { healthPath } from "../config/application";
import { machinesWith } from "../config/description";
import { addressesOf } from "./addresses";
import { hardened } from "./hardening";
import { fileKiB } from "./log-size";
import { monitorsOf } from "./monitoring";
import { bodyBytes, headerBytesBehindDirectors } from "./request-limits";
import { restarted } from "./restarted";
import type { RoleConfiguration } from "./role-configuration";
import type { RoleContext } from "./role-definition";
import { render } from "./template";
import { appBase, docBase, versionsFolder } from "./web-site";
import { answersText } from "../lib/proxies";

/** While this file is there, httpd keeps no connection. */
const draining = "/run/lab-httpd-draining";
const drain = "/usr/libexec/lab/drain-httpd";

/** On loopback. The httpd exporter asks there. */
export const httpdStatusPort = 8079;

const accessLog = ({ httpd }: Platform) => `${httpd.logFolder}/access.log`;

/**
 * httpd opens new files only when it is reloaded, which takes as long as directors keep connections (drain-httpd). So
 * rotatelogs writes the file, and begins new ones.
 */
export const httpdLogs = (platform: Platform): LogFiles => ({
    files: [accessLog(platform)],
    areNumbered: true,
    replaces: platform.httpd.rotation,
});

/** httpd in front of Tomcat on the same machine (article, row 16). */
export function httpdConfiguration({ description, machine, platform, artifacts }: RoleContext): RoleConfiguration {
    const { unit, virtualHostFile, prepare, test, hasResponseFieldSize, hasHeaderExpressions, pidFile } =
        platform.httpd;
    // The director gives up first. An httpd that did would answer 502, and the director would ask another app server.
    const tomcatSeconds = description.director.timeouts.answerSeconds + 2;
    const shutdownSeconds = tomcatSeconds + 2;
    return {
        prepare: prepare(path.posix.dirname(appBase)),
        files: [
            {
                path: virtualHostFile,
                content: render("etc/httpd/conf.d/virtual.conf", {
                    // httpd serves no file of it: every request goes to Tomcat.
                    documentRoot: artifacts.application ? versionsFolder : docBase,
                    draining,
                    serverName: description.site.hostName,
                    directors: addressesOf(machinesWith(description, "director")),
                    tomcatPort: description.tomcat.port,
                    tomcatSeconds,
                    shutdownSeconds,
                    rotatelogs: platform.httpd.rotatelogs,
                    accessLog: accessLog(platform),
                    fileKiB: fileKiB(description.logs),
                    legacyCookies: releases[description.release].tomcat.hasLegacyCookieParser,
                    maxHeaderBytes: headerBytesBehindDirectors(description),
                    maxBodyBytes: bodyBytes(description),
                    hasResponseFieldSize,
                    hasHeaderExpressions,
                }),
            },
            ...(monitorsOf(description).length > 0
                ? [
                      {
                          path: path.posix.join(path.posix.dirname(virtualHostFile), "monitoring.conf"),
                          content: render("etc/httpd/conf.d/monitoring.conf", { port: httpdStatusPort }),
                      },
                  ]
                : []),
            {
                path: `/etc/systemd/system/${unit}.d/lab.conf`,
                content: render("etc/systemd/system/httpd.service.d/lab.conf", {
                    drain,
                    draining,
                    stopSeconds: shutdownSeconds + 3,
                    pidFile: pidFile ?? false,
                }),
            },
            {
                path: drain,
                content: render("usr/libexec/lab/drain-httpd", { draining, program: path.parse(unit).name }),
                mode: "755",
            },
            {
                path: "/etc/systemd/system/tomcat.service.d/httpd.conf",
                content: render("etc/systemd/system/tomcat.service.d/httpd.conf", { httpdUnit: unit }),
            },
            restarted(unit),
            hardened(unit, platform, { capabilities: ["NET_BIND_SERVICE", "SETGID", "SETUID", "CHOWN", "KILL"] }),
        ],
        test,
        service: { unit, onChange: "reload" },
        ready: {
            command: answersText(`http://${machine.address}${healthPath(description)}`),
            seconds: 300,
        },
    };
}
