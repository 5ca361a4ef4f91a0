import { expect, test } from "vitest";
import { domainXml, identityFiles } from "../../../../launcher/isolated-host/container-definition";
import { spec } from "../../../support/container-spec";

test("the domain has limits, init, tree and interface, and its XML is escaped", () => {
    expect(domainXml(spec, "6f1c5cf2-6b1c-4a56-9d4e-0d2d8a3a8a11", "/home/lab & co/machines/web1/root"))
        .toMatchInlineSnapshot(`
      "<domain type='lxc'>
        <name>web1</name>
        <uuid>6f1c5cf2-6b1c-4a56-9d4e-0d2d8a3a8a11</uuid>
        <memory unit='MiB'>768</memory>
        <vcpu>2</vcpu>
        <cputune>
          <period>100000</period>
          <quota>200000</quota>
        </cputune>
        <os>
          <type>exe</type>
          <init>/usr/local/sbin/guest-init</init>
          <initarg>SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1</initarg>
          <initenv name='SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE'>1</initenv>
        </os>
        <features>
          <privnet/>
        </features>
        <on_poweroff>destroy</on_poweroff>
        <on_reboot>restart</on_reboot>
        <on_crash>restart</on_crash>
        <devices>
          <filesystem type='mount'>
            <source dir='/home/lab &#38; co/machines/web1/root'/>
            <target dir='/'/>
          </filesystem>
          <interface type='network'>
            <mac address='52:54:00:00:00:c8'/>
            <source network='lab'/>
            <guest dev='eth0'/>
          </interface>
          <console type='pty'/>
        </devices>
      </domain>
      "
    `);
});

test("a modem of the host is a device of the machine", () => {
    const [uuid, root] = ["6f1c5cf2-6b1c-4a56-9d4e-0d2d8a3a8a11", "/root"];
    const xml = domainXml({ ...spec, devices: ["/dev/ttyUSB0"] }, uuid, root);
    const device = xml.slice(xml.indexOf("    <hostdev"), xml.indexOf("  </devices>"));
    expect(device).toMatchInlineSnapshot(`
      "    <hostdev mode='capabilities' type='misc'>
            <source>
              <char>/dev/ttyUSB0</char>
            </source>
          </hostdev>
      "
    `);
    expect(xml.replace(device, "")).toBe(domainXml(spec, uuid, root));
});

test("identity files: only root can read the host key, /etc/hosts has all machines, apt uses the gateway's proxy", () => {
    const files = new Map(identityFiles(spec).map((file) => [file.path, file]));
    expect(files.get("/etc/ssh/ssh_host_ed25519_key")).toEqual({
        path: "/etc/ssh/ssh_host_ed25519_key",
        mode: 0o600,
        content: spec.hostKey,
    });
    expect(files.get("/etc/hosts")?.content).toBe("127.0.0.1 localhost\n192.168.0.200 web1\n192.168.0.201 db\n");
    expect(files.get("/etc/hostname")?.content).toBe("web1\n");
    expect(files.get("/root/.ssh/authorized_keys")).toMatchObject({ mode: 0o600, content: "ssh-ed25519 AAAA lab\n" });
    expect(files.get("/etc/apt/apt.conf.d/90lab-proxy")?.content).toBe(
        `Acquire::http::Proxy "http://192.168.0.1:3142";\n`,
    );
    expect(files.get("/etc/systemd/network/10-eth0.network")?.content).toContain(
        "Address=192.168.0.200/24\nGateway=192.168.0.1\n",
    );
    expect(files.get("/etc/machine-id")?.content).toMatch(/^[0-9a-f]{32}\n$/);
});
