import { Command } from "commander";
import { acceptCommand } from "./commands/accept";
import { alarmCommand } from "./commands/alarm";
import { bakeCommand } from "./commands/bake";
import { benchCommand } from "./commands/bench/command";
import { cleanCommand } from "./commands/clean";
import { completionCommand } from "./commands/completion";
import { curlCommand } from "./commands/curl";
import { dashboardCommand } from "./commands/dashboard";
import { databaseCommand } from "./commands/database";
import { doctorCommand } from "./commands/doctor/command";
import { downCommand } from "./commands/down";
import { drillCommand } from "./commands/drill/command";
import { driftCommand } from "./commands/drift";
import { engineCommand } from "./commands/engine";
import { execCommand } from "./commands/exec";
import { fetchCommand } from "./commands/fetch";
import { forwardCommand } from "./commands/forward";
import { initCommand } from "./commands/init";
import { inventoryCommand } from "./commands/inventory";
import { logsCommand } from "./commands/logs/command";
import { planCommand } from "./commands/plan/command";
import { previewCommand } from "./commands/preview";
import { pulumiCommand } from "./commands/pulumi";
import { revertCommand, snapshotCommand, snapshotsCommand } from "./commands/snapshot/command";
import { sshCommand } from "./commands/ssh";
import { sshConfigCommand } from "./commands/ssh-config";
import { statusCommand } from "./commands/status";
import { testCommand } from "./commands/test";
import { upCommand } from "./commands/up";
import { upgradeCommand } from "./commands/upgrade/command";
import { verifyCommand } from "./commands/verify/command";
import { addGlobalOptions } from "./command";

/** Every command, in the order in which `./lab help` lists them within their group. */
const commands = () => [
    upCommand(),
    previewCommand(),
    upgradeCommand(),
    downCommand(),
    pulumiCommand(),
    statusCommand(),
    verifyCommand(),
    logsCommand(),
    alarmCommand(),
    planCommand(),
    driftCommand(),
    drillCommand(),
    sshCommand(),
    curlCommand(),
    execCommand(),
    forwardCommand(),
    dashboardCommand(),
    databaseCommand(),
    sshConfigCommand(),
    inventoryCommand(),
    snapshotCommand(),
    revertCommand(),
    snapshotsCommand(),
    doctorCommand(),
    initCommand(),
    fetchCommand(),
    bakeCommand(),
    acceptCommand(),
    engineCommand(),
    cleanCommand(),
    completionCommand(),
    benchCommand(),
    testCommand(),
];

/**
 * `./lab`, with every command. A mistake in the words throws a CommanderError, after its text was written to standard
 * error.
 */
export function labProgram(subcommands: Command[] = commands()): Command {
    const program = addGlobalOptions(new Command("./lab"))
        .description("Builds, shows and tests a highly available web stack on machines that it makes itself.")
        // Options behind a command are the command's: `./lab curl -s URL` is curl's -s.
        .enablePositionalOptions()
        .helpCommand("help [COMMAND]", "this list, or the arguments and options of one command")
        .showHelpAfterError("     ./lab help lists the commands.")
        .configureHelp({
            subcommandTerm: (command) =>
                [
                    command.name(),
                    ...command.registeredArguments.map((argument) => {
                        const name = `${argument.name()}${argument.variadic ? "..." : ""}`;
                        return argument.required ? name : `[${name}]`;
                    }),
                ].join(" "),
        });
    for (const command of subcommands) program.addCommand(command);
    for (const command of [program, ...subcommands])
        command
            .exitOverride()
            .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "lab: ")) });
    return program;
}
