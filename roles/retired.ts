import type { RoleConfiguration } from "./role-configuration";
import type { RoleContext, RoleDefinition } from "./role-definition";
import { stepsFolder } from "./apply";
import { words } from "../lib/shell";

/**
 * Ends what a machine had and the stack file describes no more, once all that it describes works: services stop and are
 * disabled, files and secrets go. Data and packages stay. The machine's own records tell which steps it had.
 */
export const retired: RoleDefinition = {
    name: "retired",
    isImplied: () => true,
    steps: [
        {
            name: "retired",
            component: "lab:Retired",
            after: { roles: "all" },
            configuration: retiredConfiguration,
        },
    ],
    worksAfter: "retired",
};

export function retiredConfiguration({ steps }: Pick<RoleContext, "steps">): RoleConfiguration {
    // What serves visitors first: a director gives the address away before its server ends, an app server drains.
    const frontFirst = [...steps.known].reverse().filter((step) => !steps.own.includes(step));
    return {
        finish: [
            `steps=${stepsFolder}`,
            "",
            "# isElsewhere RECORD LINE: whether another step has the line, too. It belongs to that step now.",
            "isElsewhere() {",
            '    for other in "$steps"/*/"$1"; do',
            '        [ "$other" = "$gone/$1" ] || ! grep -qxF -e "$2" "$other" 2>/dev/null || return 0',
            "    done",
            "    return 1",
            "}",
            "",
            "# retire STEP",
            "retire() {",
            "    gone=$steps/$1",
            '    [ -e "$gone/apply" ] || return 0',
            '    if [ -e "$gone/units" ]; then',
            "        while read -r unit; do",
            '            if isElsewhere units "$unit"; then continue; fi',
            '            systemctl cat "$unit" >/dev/null 2>&1 || continue',
            '            systemctl --quiet disable --now "$unit"',
            '        done < "$gone/units"',
            "    fi",
            '    if [ -e "$gone/installed" ]; then',
            "        while read -r file; do",
            '            if ! isElsewhere installed "$file"; then rm -f "$file"; fi',
            '        done < "$gone/installed"',
            "    fi",
            '    rm -rf "$gone"',
            "    systemctl daemon-reload",
            '    echo "retired: $1"',
            "}",
            "",
            `for step in ${words(frontFirst)}; do retire "$step"; done`,
            "# Steps that an earlier version of this program knew.",
            'for record in "$steps"/*/apply; do',
            "    step=${record%/apply}",
            "    step=${step##*/}",
            `    case $step in ${[...steps.own].sort().join(" | ")}) ;; *) retire "$step" ;; esac`,
            "done",
        ],
    };
}
