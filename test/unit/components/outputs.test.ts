import { expect, test } from "vitest";
import { accessOf } from "../../../roles/access";
import { outputsOf } from "../../../components/outputs";
import { readConfiguration } from "../../../roles/configuration";
import { hostKeyOf } from "../../../lib/ssh-keys";
import { articleLab, secrets } from "../../support/article";

test("outputs name each machine's services; the login key is only in the secret output", () => {
    const configuration = readConfiguration(articleLab(), "test");
    const { url, machines } = outputsOf(configuration);
    expect(url).toBe("http://192.168.0.111/");
    expect(machines.nod2).toBe("192.168.0.202  app, memcached: memcached, tomcat, apache2");
    expect(accessOf(configuration).machines.find(({ name }) => name === "nod3")).toEqual({
        name: "nod3",
        address: "192.168.0.203",
        roles: ["director"],
        services: ["tengine.service", "tengine-checks.service", "keepalived.service"],
        hostKey: hostKeyOf(secrets.hostKeySeed, "nod3").publicKey,
    });
});
