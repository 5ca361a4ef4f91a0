import { local } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import type { LabDescription } from "../config/description";
import { siteTimesResource } from "../config/resource-names";
import { siteContents } from "../roles/web-site";

/**
 * Reads `DIGEST FILE` lines and prints `TIME DIGEST FILE` lines. What the last run printed keeps its time. Anything
 * else gets the present one, or a later one if the clock went backwards: a changed file must never look older.
 */
export const siteTimesScript = `{ printf '%s\\n--\\n' "\${PULUMI_COMMAND_STDOUT:-}"; cat; } | awk -v now="$(date +%s)" '
$0 == "--" { fresh = 1; if (latest >= now) now = latest + 1; next }
fresh { print (($0 in times) ? times[$0] : now), $0; next }
{ time = $1; if (time + 0 > latest) latest = time + 0; sub(/^[0-9]+ /, ""); times[$0] = time }'`;

/**
 * When each served file first had its content. Pulumi's state remembers it, so that app servers of any age have the
 * same Last-Modified and ETag.
 */
export const siteTimes = (
    description: Pick<LabDescription, "site">,
    opts: pulumi.CustomResourceOptions,
): pulumi.Output<string> =>
    new local.Command(
        siteTimesResource,
        { create: siteTimesScript, stdin: siteContents(description), addPreviousOutputInEnv: true },
        opts,
    ).stdout;
