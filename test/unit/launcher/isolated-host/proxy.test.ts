import { afterEach, expect, test, vi } from "vitest";
import { proxyConfiguration } from "../../../../launcher/isolated-host/proxy";

const mirrors = {
    main: "http://mirror.example/debian",
    security: "http://safe.example/debian-security",
    expiry: [],
};

afterEach(() => {
    vi.unstubAllEnvs();
});

test("the package proxy serves the two archives by the lab's names, through the host's own proxy, and is no open proxy", () => {
    const text = proxyConfiguration("/cache", {
        ...mirrors,
        proxy: [`Acquire::http::Proxy "http://proxy.example:8080";`],
    });
    expect(text.split("\n")).toEqual(
        expect.arrayContaining([
            "CacheDir: /cache/packages",
            "Remap-debian: http://packages.lab/debian /debian ; http://mirror.example/debian/",
            "Remap-security: http://packages.lab/debian-security /debian-security ; http://safe.example/debian-security/",
            "ForceManaged: 1",
            "Proxy: http://proxy.example:8080",
        ]),
    );
    for (const proxy of [[], [`Acquire::http::Proxy "DIRECT";`]])
        expect(proxyConfiguration("/cache", { ...mirrors, proxy })).not.toContain("\nProxy:");
    expect(text).not.toContain("Offlinemode");
    expect(proxyConfiguration("/cache", { ...mirrors, proxy: [] }, true).split("\n")).toContain("Offlinemode: 1");
});

test("the proxy of the environment counts where apt's configuration names none, except for a mirror in no_proxy", () => {
    vi.stubEnv("HTTP_PROXY", undefined);
    vi.stubEnv("http_proxy", "http://company.example:3128");
    const proxyLines = (proxy: string[]) =>
        proxyConfiguration("/cache", { ...mirrors, proxy })
            .split("\n")
            .filter((line) => line.startsWith("Proxy:"));
    vi.stubEnv("no_proxy", undefined);
    expect(proxyLines([])).toEqual(["Proxy: http://company.example:3128"]);
    expect(proxyLines([`Acquire::http::Proxy "DIRECT";`])).toEqual([]);
    vi.stubEnv("no_proxy", "a.example, mirror.example");
    expect(proxyLines([])).toEqual([]);
});
