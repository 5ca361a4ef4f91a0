/** `npm run docs`: writes the generated files of docs/. */
import * as fs from "node:fs";
import * as path from "node:path";
import { checkout } from "../../lib/environment";
import { generatedFiles } from "./generated-files";

void generatedFiles().then((files) => {
    for (const [name, content] of Object.entries(files)) fs.writeFileSync(path.join(checkout, name), content);
});
