/** Made-up steps of an `up`. */
import { record, type Recording } from "../../launcher/timeline/recording";
import type { Step } from "../../launcher/timeline/steps";

export const urn = (name: string) => `urn:pulumi:test::lab::command:remote:Command::${name}`;
export const step = (name: string, start: number, end: number): Step => ({
    urn: urn(name),
    name,
    type: "command:remote:Command",
    op: "create",
    start,
    end,
    failed: false,
});
export const names = (steps: Step[]) => steps.map(({ name }) => name);

/** Two machines: steps on nod0, then on nod1, then on nod0 again. */
export function recording(): Recording {
    const event = (kind: string, name: string, at: number) => ({
        at,
        line: JSON.stringify({
            [kind]: { metadata: { op: "create", urn: urn(name), type: "command:remote:Command" } },
        }),
    });
    const resource = (name: string, dependencies: string[], custom = true) => ({
        urn: urn(name),
        custom,
        dependencies: dependencies.map(urn),
    });
    return record({
        start: 0,
        end: 14_000,
        machines: ["nod0", "nod1"],
        processors: [
            { at: 0, machine: 100, lab: 0 },
            { at: 7000, machine: 107, lab: 3 },
            { at: 14_000, machine: 121, lab: 14 },
        ],
        resources: [
            resource("nod0-packages", []),
            resource("nod1-memcached", ["nod0-packages"]),
            resource("nod0-tomcat", ["nod1-memcached"]),
            resource("lab-network", []),
            resource("lab", [], false),
        ],
        lines: [
            event("resourcePreEvent", "lab", 900),
            event("resOutputsEvent", "lab", 13_900),
            event("resourcePreEvent", "lab-network", 1000),
            event("resOutputsEvent", "lab-network", 1500),
            event("resourcePreEvent", "nod0-packages", 1000),
            event("resOutputsEvent", "nod0-packages", 4000),
            event("resourcePreEvent", "nod1-memcached", 5000),
            event("resOutputsEvent", "nod1-memcached", 9000),
            event("resourcePreEvent", "nod0-tomcat", 9000),
            event("resOutputsEvent", "nod0-tomcat", 12_000),
        ],
    });
}
