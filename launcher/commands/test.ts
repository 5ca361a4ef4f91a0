import { Argument, type Command } from "commander";
import { checkout } from "../../lib/environment";
import { attach } from "../attach";
import { labCommand } from "../command";

export const testCommand = (): Command =>
    labCommand({
        name: "test",
        group: "development",
        help: "run the type check, the linters and the tests of this project",
        run: ({ words }) => attach([process.execPath, "--import", "tsx", "test/run.ts", ...words], { cwd: checkout }),
    }).addArgument(new Argument("[KINDS...]", "kinds of tests; default: all").choices(["unit", "engine", "lab"]));
