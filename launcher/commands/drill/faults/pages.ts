/** Pages of the site that only a drill has. */
import type { MachineAccess } from "../../../../config/access";
import { docBase } from "../../../../roles/web-site";
import { quote } from "../../../../lib/shell";
import type { RunningLab } from "../../../stack/running-lab";
import { onMachine, type Fault } from "./fault";

/** The page that `largeSessions` adds: `?KiB=N` fills the session with that much, 0 empties it. */
export const fillPage = "drill-fill.jsp";

const fillSource = `<%@ page session="true" contentType="text/plain" trimDirectiveWhitespaces="true" %>
<%
    int size = Integer.parseInt(request.getParameter("KiB")) * 1024;
    byte[] content = new byte[size];
    // The session manager of the release article compresses sessions.
    new java.util.Random(size).nextBytes(content);
    if (size > 0) session.setAttribute("drill", content);
    else session.removeAttribute("drill");
    out.print(size);
%>
`;

/** Visitors can make their sessions as large as they want. */
export function largeSessions(lab: RunningLab, machines: MachineAccess[]): Fault {
    const file = `${docBase}/${fillPage}`;
    const faults = machines.map((machine) =>
        onMachine(
            lab,
            machine,
            "large sessions",
            `printf %s ${quote(fillSource)} > ${file}\nchmod 644 ${file}`,
            `rm -f ${file}`,
        ),
    );
    return {
        what: "large sessions",
        inject: async () => {
            await Promise.all(faults.map((fault) => fault.inject()));
        },
        heal: async () => {
            await Promise.all(faults.map((fault) => fault.heal()));
        },
    };
}
