import * as path from "node:path";
import * as prettier from "prettier";
import { checkout } from "../../lib/environment";
import { configurationPage } from "./configuration-page";
import { stackFileSchema } from "./stack-file-schema";

/** The generated files of docs/ by path, formatted as the formatter of `./lab test` wants them. */
export async function generatedFiles(): Promise<Record<string, string>> {
    const files = {
        "docs/configuration.md": configurationPage(),
        "docs/stack-file.schema.json": JSON.stringify(stackFileSchema()),
    };
    return Object.fromEntries(
        await Promise.all(
            Object.entries(files).map(async ([name, content]): Promise<[string, string]> => {
                const filepath = path.join(checkout, name);
                return [
                    name,
                    await prettier.format(content, { ...(await prettier.resolveConfig(filepath)), filepath }),
                ];
            }),
        ),
    );
}
