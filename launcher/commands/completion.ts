import { Argument, type Command } from "commander";
import { labCommand } from "../command";
import { describeProgram, shells, type Shell } from "../completion-script";

export const completionCommand = (): Command =>
    labCommand({
        name: "completion",
        group: "preparation",
        help: "print a script that completes the words of ./lab in a shell",
        needsRoot: false,
        run: ({ words: [shell], command }) => {
            if (command.parent) process.stdout.write(shells[shell as Shell](describeProgram(command.parent)));
            return Promise.resolve(0);
        },
    })
        .addArgument(new Argument("<SHELL>", "the shell").choices(Object.keys(shells)))
        .addHelpText(
            "after",
            "\nbash: source <(./lab completion bash)\nzsh:  source <(./lab completion zsh)\n" +
                "fish: ./lab completion fish | source",
        );
