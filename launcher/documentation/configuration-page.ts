import { secretsSchema, settingsSchema, type JsonSchema } from "./stack-file-schema";

interface Entry {
    /** As the stack file nests it: "keepalived.notify.to". */
    name: string;
    values: string;
    /** "Default: `0.2`", or "**Required**". */
    byDefault: string;
    meaning: string;
}

/** docs/configuration.md, generated from config/schema.ts. */
export function configurationPage(): string {
    const all = fieldsOf(settingsSchema());
    const groups = all.filter(({ schema }) => groupOf(schema) !== undefined);
    const secrets = fieldsOf(secretsSchema());
    return [
        introduction,
        "## Settings of the stack",
        list(all.filter((field) => !groups.includes(field)).map(entryOf)),
        ...groups.flatMap(({ name, schema }) => {
            const { title, fields } = groupOf(schema) as Group;
            const setting = `${name}${title}`;
            return [`## \`${setting}\``, schema.description ?? "", list(entriesOf(setting, fields))];
        }),
        "## Secrets",
        secretsText,
        list(
            secrets.map((field) => ({
                ...entryOf({ ...field, isRequired: false }),
                byDefault: field.schema.otherwise === undefined ? "Default: made by `init`" : "Default: none",
            })),
        ),
    ].join("\n\n");
}

const introduction = `# Configuration

<!-- Generated from config/schema.ts by \`npm run docs\`. Change the texts there. -->

A stack file, \`Pulumi.STACK.yaml\`, describes one lab: which machines it has, which roles they have, and everything
that differs from the defaults. Every setting is a key \`lab:NAME\` below \`config:\`.

- The shipped stack files are examples: [Pulumi.local.yaml](../Pulumi.local.yaml),
  [Pulumi.emulated.yaml](../Pulumi.emulated.yaml), [Pulumi.dev.yaml](../Pulumi.dev.yaml),
  [Pulumi.cluster.yaml](../Pulumi.cluster.yaml).
- \`./lab preview\` and \`./lab up\` check the file before they make or change anything. They report all mistakes at
  once, each with its place and a remedy.
- Editors with the YAML language server, such as VS Code with the YAML extension, check and complete the file while you
  type. The first line of a shipped stack file names the schema, [stack-file.schema.json](stack-file.schema.json): keep
  that line in a copy.
- [changes.md](changes.md) says what a change costs, and how to keep a disk from being deleted.

The first line of each setting has its values and its default, the second line its meaning. A dot in a name is a level
of the stack file: \`network.cidr\` is the key \`cidr\` below \`lab:network:\`.`;

const secretsText = `\`./lab init STACK\` makes the secrets that a stack file lacks and stores them encrypted.
\`./lab up\` does the same. \`./lab down\` removes the secrets of an isolated stack from its file. Set one yourself with
\`./lab -s STACK pulumi config set --secret lab:NAME\`.`;

interface Field {
    name: string;
    schema: JsonSchema;
    isRequired: boolean;
}

interface Group {
    /** What follows the setting's name in the heading. */
    title: string;
    fields: Field[];
}

const fieldsOf = ({ properties = {}, required = [] }: JsonSchema): Field[] =>
    Object.entries(properties).map(([name, schema]) => ({
        name,
        schema: schema as JsonSchema,
        isRequired: required.includes(name),
    }));

/** The fields of a setting that is a map of known keys, or that holds one such map for each name. */
function groupOf(schema: JsonSchema): Group | undefined {
    if (schema.properties) return { title: "", fields: fieldsOf(schema) };
    const each = schema.additionalProperties;
    return typeof each === "object" && each.properties ? { title: ".NAME", fields: fieldsOf(each) } : undefined;
}

/** An entry for each field of the map `setting`; the fields of a map inside of it follow. */
const entriesOf = (setting: string, fields: Field[]): Entry[] =>
    fields.flatMap((field) => {
        const name = `${setting}.${field.name}`;
        const parts = groupOf(field.schema)?.fields;
        return parts ? entriesOf(name, parts) : [entryOf({ ...field, name })];
    });

const entryOf = ({ name, schema, isRequired }: Field): Entry => ({
    name,
    values: valuesOf(schema),
    byDefault: isRequired ? "**Required**" : `Default: ${defaultOf(schema)}`,
    meaning: (schema.description ?? "").replaceAll(/docs\/([a-z-]+\.md)/g, "[$1]($1)"),
});

function defaultOf(schema: JsonSchema): string {
    const { default: byDefault } = schema;
    if (Array.isArray(byDefault)) return "none";
    if (byDefault !== undefined) return `\`${JSON.stringify(byDefault).replaceAll('"', "")}\``;
    return typeof schema.otherwise === "string" ? schema.otherwise : "";
}

/** What a setting takes, in words. */
function valuesOf(schema: JsonSchema): string {
    if (schema.title !== undefined) return schema.title;
    if (schema.enum) return schema.enum.map((value) => `\`${String(value)}\``).join(", ");
    if (schema.const !== undefined) return `\`${String(schema.const)}\``;
    if (schema.anyOf) return schema.anyOf.map((choice) => valuesOf(choice)).join(" or ");
    switch (schema.type) {
        case "boolean":
            return "`true`, `false`";
        case "integer":
            return `whole number, ${schema.minimum} to ${schema.maximum}`;
        case "number":
            return `number, ${schema.minimum} to ${schema.maximum}`;
        case "array":
            return `list: ${valuesOf(schema.items as JsonSchema)}`;
        case "object":
            return `map: ${valuesOf(schema.additionalProperties as JsonSchema)}`;
        default:
            return "text";
    }
}

/** The backslash breaks the line: what a setting takes stays apart from what it means. */
const list = (entries: Entry[]): string =>
    entries
        .map(({ name, values, byDefault, meaning }) => `- **\`${name}\`**: ${values}. ${byDefault}.\\\n  ${meaning}`)
        .join("\n");
