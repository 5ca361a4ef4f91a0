import { UserError } from "../lib/errors";

/**
 * One thing that is wrong with the configuration. `path` is the setting, without `lab:`. `remedy` is an instruction.
 */
export interface Mistake {
    path: string;
    problem: string;
    remedy: string;
}

/** Everything that is wrong with a stack's configuration, in one error. */
export class ConfigurationError extends UserError {
    constructor(
        stack: string,
        readonly mistakes: Mistake[],
    ) {
        const lines = mistakes.map(
            ({ path, problem, remedy }) => `  lab:${path}: ${problem}.\n      Remedy: ${remedy}.`,
        );
        const number = mistakes.length === 1 ? "a mistake" : `${mistakes.length} mistakes`;
        super(
            `Pulumi.${stack}.yaml has ${number}; nothing was created or changed:\n${lines.join("\n")}`,
            `correct Pulumi.${stack}.yaml`,
        );
        this.name = "ConfigurationError";
    }
}
