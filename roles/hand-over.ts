import { machinesWith } from "../config/description";
import { directCurlText } from "../lib/proxies";
import type { RoleConfiguration } from "./role-configuration";
import type { RoleContext } from "./role-definition";

/** While this file exists, the check of keepalived fails, and another director takes the virtual address. */
export const asideFile = "/run/lab-aside";
/** How long a file counts that a killed run has left. */
export const asideMinutes = 5;
/** Two checks of one second each have to fail, where keepalived counts whole seconds. */
const leaveSeconds = 10;

export const otherDirectors = ({ description, machine }: Pick<RoleContext, "description" | "machine">) =>
    machinesWith(description, "director").filter(({ name }) => name !== machine.name);

/** A director gives the virtual address away before one of its services restarts, and takes it back afterwards. */
export function handsOver(
    context: Pick<RoleContext, "description" | "machine">,
): NonNullable<RoleConfiguration["service"]>["aside"] {
    const others = otherDirectors(context);
    if (others.length === 0) return undefined;
    const { virtualAddress } = context.description;
    const reaches = others.map(
        ({ address }) => `${directCurlText} -s -f -o /dev/null --max-time 2 http://${address}/director/app-servers`,
    );
    const anyway = "Its service restarts all the same.";
    return {
        leave: [
            `holds() { ip -4 -o address show | grep -qF ' ${virtualAddress}/'; }`,
            "holds || return 0",
            `if ! { ${reaches.join(" || ")}; }; then`,
            `    echo "No other director reaches an app server, so this one keeps ${virtualAddress}. ${anyway}" >&2`,
            "    return 0",
            "fi",
            `: > ${asideFile}`,
            "left=$(date +%s)",
            "while holds; do",
            `    if [ "$(date +%s)" -ge $((left + ${leaveSeconds})) ]; then`,
            `        echo "This director still has ${virtualAddress} after ${leaveSeconds} s. ${anyway}" >&2`,
            "        return 0",
            "    fi",
            "    sleep 0.05",
            "done",
        ],
        comeBack: [`rm -f ${asideFile}`],
    };
}
