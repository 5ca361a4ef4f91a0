import * as pulumi from "@pulumi/pulumi";
import { roleResource, roleStepResource } from "../config/resource-names";
import type { RoleContext, RoleDefinition, RoleStep } from "../roles/role-definition";
import type { Machine } from "./machine";

/** A component without inputs of its own: a role of several steps, or one step. */
class Part extends pulumi.ComponentResource {
    constructor(type: string, name: string, parent: pulumi.Resource, protect = false) {
        super(type, name, {}, { parent, protect });
        this.registerOutputs();
    }
}

/**
 * Brings a role to a machine. The resource that is returned exists when the role works there. `after`: what the steps
 * that wait for other roles depend on.
 */
export function createRole(
    role: RoleDefinition,
    machine: Machine,
    context: RoleContext,
    after: pulumi.Resource[],
): pulumi.Resource {
    const { name } = context.machine;
    const roleName = roleResource(name, role.name);
    const parent = role.component ? new Part(role.component, roleName, machine) : machine;
    const done = new Map<string, pulumi.Resource>();
    for (const step of role.steps) {
        const component = new Part(
            step.component,
            role.component ? roleStepResource(name, role.name, step.name) : roleName,
            parent,
            role.holdsData && context.machine.protect,
        );
        done.set(step.name, runStep(step, component));
    }
    return stepOf(role.worksAfter);

    function runStep(step: RoleStep, component: pulumi.Resource): pulumi.Resource {
        const source = step.build?.(context);
        const build = source && machine.host.compile(step.name, source, { parent: component });
        return machine.host.run(step.name, {
            parent: component,
            dependsOn: [
                ...(build ? [build] : []),
                ...(step.after?.roles ? after : []),
                ...(step.after?.steps ?? []).map(stepOf),
            ],
        });
    }

    function stepOf(stepName: string): pulumi.Resource {
        const resource = done.get(stepName);
        if (!resource) throw new Error(`role ${role.name} has no step ${stepName} before this point`);
        return resource;
    }
}
