/** What a machine has become since its steps were done: found by its own records, which roles/apply.ts writes. */
import { stepsFolder } from "./apply";

/** One thing that is not as a step left it. */
export interface Drift {
    step: string;
    /** A file's content, its mode or owner, a file that is gone; a service that does not run, or not at boot. */
    what: "content" | "mode" | "missing" | "stopped" | "disabled";
    /** The file's path, or the unit. */
    subject: string;
}

/** Shell text that prints a line `STEP WHAT SUBJECT` for each drift. It changes nothing. */
export const driftScript = `export LC_ALL=C
cd ${stepsFolder} 2>/dev/null || exit 0
for sums in */sums; do
    [ -e "$sums" ] || continue
    step=\${sums%/sums}
    sha256sum --check --quiet "$sums" 2>/dev/null |
        sed -n "s|^\\(.*\\): FAILED open or read$|$step missing \\1|p; s|^\\(.*\\): FAILED$|$step content \\1|p"
    grep . "$step/installed" | tr '\\n' '\\0' | xargs -0r stat -c '%a:%U:%G %n' 2>/dev/null |
        grep -vxFf "$step/modes" | sed "s|^[^ ]* |$step mode |"
    [ -e "$step/services" ] || continue
    while read -r unit; do
        systemctl --quiet is-active "$unit" || echo "$step stopped $unit"
        systemctl --quiet is-enabled "$unit" || echo "$step disabled $unit"
    done < "$step/services"
done
true`;

/** What driftScript printed. */
export const parseDrift = (output: string): Drift[] =>
    output.split("\n").flatMap((line) => {
        const [, step = "", what, subject = ""] =
            /^(\S+) (content|mode|missing|stopped|disabled) (.+)$/.exec(line) ?? [];
        return what === undefined ? [] : [{ step, what: what as Drift["what"], subject }];
    });

/** For people. */
export const describeDrift = ({ step, what, subject }: Drift): string =>
    ({
        content: `${step}: ${subject} has another content`,
        mode: `${step}: ${subject} has another mode or owner`,
        missing: `${step}: ${subject} is gone`,
        stopped: `${step}: ${subject} does not run`,
        disabled: `${step}: ${subject} does not start at boot`,
    })[what];
