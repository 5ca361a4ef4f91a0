import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, afterEach, beforeEach } from "vitest";
import { StackFile } from "../../launcher/stack/stack-file";

/**
 * Makes `folder` before each test, with `LAB_HOME` inside it, and removes it afterwards. Returns what writes a stack
 * file into it. The test file itself has to mock `checkout` of lib/environment, because vitest moves mocks to the top
 * of a test file only.
 */
export function emptyCheckout(folder: string) {
    beforeEach(() => {
        fs.mkdirSync(folder, { recursive: true });
        process.env.LAB_HOME = path.join(folder, "home");
    });
    afterEach(() => fs.rmSync(folder, { recursive: true }));
    afterAll(() => {
        delete process.env.LAB_HOME;
    });
    return (content: string, name = "test"): StackFile => {
        fs.writeFileSync(path.join(folder, `Pulumi.${name}.yaml`), content);
        return new StackFile(name);
    };
}
