import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startMachine, stoppedMachines } from "../../../hypervisors/stopped-machines";
import { siteWith } from "../../support/article";

const description = siteWith();
const [nod0] = description.machines.filter(({ name }) => name === "nod0");
const before = process.env.PATH;
let folder: string;

beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "virsh-"));
    process.env.PATH = `${folder}:${before}`;
});
afterEach(() => {
    process.env.PATH = before;
    fs.rmSync(folder, { recursive: true });
});

/** A virsh to which nod0 and somebody's `web` are off. nod0 has a card with this address. */
function virsh(mac: string | undefined): void {
    const script = `#!/bin/sh
echo "$*" >> ${folder}/calls
case "$*" in
    *"list --state-shutoff --name") printf 'nod0\\nweb\\n\\n' ;;
    *"domiflist nod0") echo " -  network  lab  virtio  ${mac}" ;;
    *"start nod0") ;;
    *) exit 1 ;;
esac
`;
    fs.writeFileSync(path.join(folder, "virsh"), mac === undefined ? "#!/bin/sh\nexit 1\n" : script, { mode: 0o755 });
}

test("a machine that is off is found by its name and its network card, and started", async () => {
    virsh(nod0?.mac ?? "");
    const stopped = await stoppedMachines(description);
    expect(stopped.map(({ name }) => name)).toEqual(["nod0"]);
    for (const machine of stopped) await startMachine(description, machine);
    expect(fs.readFileSync(path.join(folder, "calls"), "utf8")).toMatch(/-c lxc:\/\/\/system start nod0\n$/);
});

test("another user's machine of the same name is left alone", async () => {
    virsh("52:54:00:00:00:01");
    expect(await stoppedMachines(description)).toEqual([]);
});

test("where virsh cannot connect nothing is found, and the provider says why", async () => {
    virsh(undefined);
    expect(await stoppedMachines(description)).toEqual([]);
});
