import { expect, test } from "vitest";
import { accessOf } from "../../../../roles/access";
import { type Access } from "../../../../config/access";
import { readConfiguration } from "../../../../roles/configuration";
import { accessIn } from "../../../../launcher/stack/read-access";
import { articleLab } from "../../../support/article";

const access = accessOf(readConfiguration(articleLab(), "test"));

test("outputs of an earlier version are refused", () => {
    const { hypervisors, ...earlier } = access.description;
    for (const old of [
        { ...access, description: { ...earlier, hypervisor: hypervisors[0].uri } },
        { ...access, description: undefined },
    ]) {
        expect(() => accessIn(JSON.parse(JSON.stringify({ access: old })) as { access: Access }, "test")).toThrow(
            /built by an earlier version/,
        );
    }
    expect(() => accessIn({}, "test")).toThrow(/has not been built/);
    expect(accessIn({ access }, "test")).toBe(access);
});
