/**
 * A mistake of the user's, or of the machine that they run on: said without a stack trace, together with what to do about it.
 * `message` says what is wrong and where; `remedy` is an instruction.
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
