/**
 * Pulumi looks at the stack for each of its thousands of promises, for debugging, and for each resource, whose whole stack it keeps in the
 * state: a tenth of the program's time and of the state's size, and a state that changes with every line of the source that moves. Its
 * errors for that have no message; all others are shown as ever.
 */
export function withoutPulumisStackTraces(): void {
    const prepare = Error.prepareStackTrace?.bind(Error);
    Error.prepareStackTrace = (error: Error, frames) => {
        if (error.message === "") return "";
        return prepare ? prepare(error, frames) as string : [String(error), ...frames.map((frame) => `${frame as unknown as string}`)].join("\n    at ");
    };
}
