import * as fs from "node:fs";
import * as path from "node:path";
import { checkout } from "../../lib/environment";

/** The state of a lab that was built before 2026-11-28 names this file: Pulumi runs it to delete a container. */
const formerRunner = path.join("tools", "bundle", "run.cjs");

/**
 * Makes programs run under the path that `state` has for them. The next `up` writes the present path into the state,
 * and the file goes.
 */
export function provideMovedPrograms(state: string, folder = checkout): void {
    const file = path.join(folder, formerRunner);
    if (state.includes(formerRunner)) {
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, 'require("../../launcher/bundle/run.cjs");\n');
    } else if (fs.existsSync(file)) {
        fs.rmSync(path.join(folder, "tools"), { recursive: true });
    }
}
