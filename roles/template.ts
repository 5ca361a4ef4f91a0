import * as fs from "node:fs";
import * as path from "node:path";
import Mustache from "mustache";
import { escapeXml } from "../lib/xml";

const folder = path.join(__dirname, "..", "files");
type View = Record<string, unknown>;

/**
 * The text of files/`name`.mustache with `view` filled in. Values are escaped in XML files only: the schema of the
 * stack file admits no character that the other formats would have to quote. Throws when the template names a value
 * that `view` lacks.
 */
export function render(name: string, view: View): string {
    const template = fs.readFileSync(path.join(folder, `${name}.mustache`), "utf8");
    const context = new StrictContext(view);
    const writer = new Mustache.Writer();
    // Not Mustache's own escaping, which also turns every slash of a path into `&#x2F;`.
    const escape = name.endsWith(".xml") ? (value: unknown) => escapeXml(String(value)) : String;
    return writer.render(template, context, undefined, { escape });
}

/** The text of files/`name`, which has nothing to fill in. */
export const verbatim = (name: string) => fs.readFileSync(path.join(folder, name), "utf8");

/** Mustache renders an unknown name as empty text. An error is better than a configuration file with a hole in it. */
class StrictContext extends Mustache.Context {
    constructor(view: unknown, parent?: Mustache.Context) {
        super(view, parent);
    }
    push(view: unknown): Mustache.Context {
        return new StrictContext(view, this);
    }
    lookup(name: string): unknown {
        const value: unknown = super.lookup(name);
        if (value === undefined) throw new Error(`the template names {{${name}}}, which nobody gave it`);
        return value;
    }
}
