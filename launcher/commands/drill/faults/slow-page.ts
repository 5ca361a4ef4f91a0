/** A page that takes long, on all app servers. */
import { docBase } from "../../../../roles/web-site";
import { directCurlText } from "../../../../lib/proxies";
import { quote } from "../../../../lib/shell";
import type { RunningLab } from "../../../stack/running-lab";
import type { Fault } from "./fault";

const name = "drill-slow.jsp";
const file = `${docBase}/${name}`;
/** Tomcat's folder for temporary files. The page writes a line for each time that it is run. */
const record = "/usr/local/tomcat/temp/drill-slow";

export interface SlowPage extends Fault {
    /** Its path, for a request with a number. */
    path(number: string): string;
    /** The numbers of all requests for which the page was run. */
    runs(): Promise<string[]>;
}

export function slowPage(lab: RunningLab, seconds: number): SlowPage {
    const machines = lab.machinesWith("app");
    const code = `<%@ page session="false" import="java.io.*" %><%
try (Writer record = new FileWriter("${record}", true)) { record.write(request.getParameter("number") + "\\n"); }
Thread.sleep(${seconds} * 1000);
%>done`;
    const onAll = (script: string) => Promise.all(machines.map((machine) => lab.sh(machine, script)));
    return {
        what: `a page that takes ${seconds} s on ${machines.map((machine) => machine.name).join(", ")}`,
        path: (number) => `${name}?number=${number}`,
        runs: async () => {
            const outputs = await onAll(`cat ${record}`);
            return outputs.flatMap((output) => output.split("\n").filter((line) => line !== ""));
        },
        inject: async () => {
            await onAll(
                `rm -f ${record}
printf %s ${quote(code)} > ${file}
${directCurlText} -sS -f -o /dev/null --max-time 60 ` +
                    quote(`http://127.0.0.1:${lab.description.tomcat.port}/${name}?jsp_precompile=true`),
            );
        },
        heal: async () => {
            await onAll(`rm -f ${file} ${record}`);
        },
    };
}
