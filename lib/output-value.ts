import type * as pulumi from "@pulumi/pulumi";

/** The value of an Output of which everything is known. Never resolves for one with unknown parts. */
export const outputValue = <T>(output: pulumi.Output<T>) =>
    new Promise<T>((resolve) => {
        output.apply(resolve);
    });
