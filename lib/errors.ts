/**
 * A mistake in a call, in the configuration or on this machine; shown without a stack trace. `message` says what is
 * wrong and where, `remedy` what the user has to do.
 */
export class UserError extends Error {
    constructor(
        message: string,
        readonly remedy: string,
    ) {
        super(message);
        this.name = "UserError";
    }
}
