import { z } from "zod";
import { openSchema, secretSchema } from "../../config/schema";
import { namedRoles } from "../../roles/configuration";

/** A JSON schema, draft 7: the newest that all YAML language servers read. */
export type JsonSchema = z.core.JSONSchema.JSONSchema;

const options = { target: "draft-7", io: "input" } as const;

/**
 * The settings under `lab:` that are no secrets, with `title` and `otherwise` as config/schema.ts has them. `change`
 * may alter the JSON schema of each part.
 */
export function settingsSchema(change: (part: JsonSchema) => void = () => undefined): JsonSchema {
    // config/ does not know the roles, so its schema takes any text.
    const role = openSchema.shape.machines.valueType.shape.roles.element;
    return z.toJSONSchema(openSchema, {
        ...options,
        override: ({ zodSchema, jsonSchema }) => {
            if (zodSchema === role) jsonSchema.enum = namedRoles().map(({ name }) => name);
            change(jsonSchema);
        },
    });
}

/** The secrets under `lab:`, as plain text. */
export const secretsSchema = (): JsonSchema => z.toJSONSchema(secretSchema, options);

/** The JSON schema of a whole stack file, for editors. Unknown `lab:` keys fail; keys of other namespaces pass. */
export function stackFileSchema(): JsonSchema {
    const { required = [], properties = {} } = settingsSchema(describeDefault);
    const settings = Object.entries(properties).map(([name, schema]) => [name, orAsText(schema as JsonSchema)]);
    const secrets = Object.entries(secretsSchema().properties ?? {}).map(([name, schema]) => [
        name,
        name === "applicationSecrets" ? ownSecret(schema as JsonSchema) : encrypted(schema as JsonSchema),
    ]);
    return {
        $schema: "http://json-schema.org/draft-07/schema#",
        type: "object",
        required: ["config"],
        properties: {
            config: {
                type: "object",
                required: required.map((name) => `lab:${name}`),
                properties: Object.fromEntries(
                    [...settings, ...secrets].map(([name, schema]) => [`lab:${name as string}`, schema]),
                ) as Record<string, JsonSchema>,
                patternProperties: { "^(?!lab:)": {} },
                additionalProperties: false,
            },
            encryptionsalt: { type: "string", description: "Written by Pulumi: belongs to the stack's passphrase." },
            encryptedkey: { type: "string", description: "Written by Pulumi: belongs to the secrets provider." },
            secretsprovider: { type: "string", description: "How Pulumi encrypts the secrets. Default: passphrase." },
            environment: { description: "Pulumi ESC environments." },
        },
        additionalProperties: false,
    };
}

/** Editors show the description only, so the default that the schema cannot express becomes its last sentence. */
function describeDefault(part: JsonSchema): void {
    if (typeof part.otherwise === "string") part.description = `${part.description} Default: ${part.otherwise}.`;
    delete part.otherwise;
}

/** `pulumi config set` rewrites booleans and numbers directly under `config:` as text: "true", "3142". */
function orAsText(schema: JsonSchema): JsonSchema {
    const { description, default: byDefault, ...rest } = schema;
    const choices = rest.anyOf ?? [rest];
    const texts = choices.flatMap(({ type }): JsonSchema[] => {
        if (type === "boolean") return [{ enum: ["true", "false"] }];
        return type === "integer" ? [{ type: "string", pattern: "^[0-9]+$" }] : [];
    });
    return texts.length === 0 ? schema : { description, default: byDefault, anyOf: [...choices, ...texts] };
}

const encrypted = ({ description }: JsonSchema): JsonSchema => ({
    description: `${description} Encrypted; ./lab init makes it.`,
    type: "object",
    properties: { secure: { type: "string" } },
    required: ["secure"],
    additionalProperties: false,
});

/** Nobody makes it but the user, who may also leave it in plain text in the file of a lab for tests. */
const ownSecret = ({ description }: JsonSchema): JsonSchema => ({
    description,
    anyOf: [
        {
            type: "object",
            properties: { secure: { type: "string" } },
            required: ["secure"],
            additionalProperties: false,
        },
        { type: "string" },
    ],
});
