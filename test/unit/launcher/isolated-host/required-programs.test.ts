import { expect, test } from "vitest";
import { refuseWithoutPrograms } from "../../../../launcher/isolated-host/required-programs";

test("a missing program is reported before up starts, with the packages that have it", () => {
    expect(() => {
        refuseWithoutPrograms(() => true);
    }).not.toThrow();
    expect(() => {
        refuseWithoutPrograms((program) => program !== "mkisofs");
    }).toThrow(
        expect.objectContaining({
            message: "This machine lacks mkisofs (cloud-init disks are made with it).",
            remedy: "Install it. mkisofs is in these packages: Debian: genisoimage, Red Hat: xorriso.",
        }) as Error,
    );
    expect(() => {
        refuseWithoutPrograms(() => false);
    }).toThrow(/xsltproc .* and mkisofs/);
});
