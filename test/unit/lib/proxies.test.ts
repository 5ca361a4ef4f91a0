import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { keepLoopbackOffProxies, mavenEnvironment, proxyFor, proxySettings } from "../../../lib/proxies";

const proxy = "http://proxy.example:3128";
const loopback = "localhost,127.0.0.1,::1";

beforeEach(() => {
    for (const name of ["http_proxy", "https_proxy", "all_proxy", "no_proxy"])
        for (const each of [name, name.toUpperCase()]) vi.stubEnv(each, undefined);
    vi.stubEnv("MAVEN_OPTS", undefined);
});
afterEach(() => {
    vi.unstubAllEnvs();
});

test.each([
    ["commas", "a.example,b.example"],
    ["blanks", "a.example b.example"],
    ["both", " a.example, b.example ,"],
])("no_proxy with %s between its entries gets loopback added, in both cases, with commas alone", (_, text) => {
    for (const name of ["no_proxy", "NO_PROXY"]) {
        const { no_proxy, NO_PROXY } = proxySettings({ [name]: text });
        expect([no_proxy, NO_PROXY]).toEqual(Array(2).fill(`a.example,b.example,${loopback}`));
    }
});

test.each(["http_proxy", "HTTP_PROXY"])("%s is read by programs that know only the other case", (name) => {
    expect(proxySettings({ [name]: proxy })).toMatchObject({ http_proxy: proxy, HTTP_PROXY: proxy });
});

test("a proxy without a scheme gets one, and an empty variable is none", () => {
    const settings = proxySettings({ http_proxy: "proxy.example:3128", HTTPS_PROXY: "" });
    expect(settings).toMatchObject({ http_proxy: proxy, https_proxy: undefined, HTTPS_PROXY: undefined });
});

test("no_proxy=* removes all proxies", () => {
    const settings = proxySettings({ http_proxy: proxy, ALL_PROXY: proxy, no_proxy: "a.example, *" });
    expect(settings).toMatchObject({ http_proxy: undefined, ALL_PROXY: undefined, no_proxy: "*" });
    expect(proxySettings({ http_proxy: proxy }, ["*"])).toMatchObject({ HTTP_PROXY: undefined, NO_PROXY: "*" });
});

test("gRPC's own variables do not bring the proxy back", () => {
    vi.stubEnv("grpc_proxy", proxy);
    vi.stubEnv("no_grpc_proxy", "a.example");
    vi.stubEnv("HTTPS_PROXY", proxy);
    keepLoopbackOffProxies();
    expect([process.env.grpc_proxy, process.env.no_grpc_proxy]).toEqual([undefined, undefined]);
    expect([process.env.https_proxy, process.env.no_proxy]).toEqual([proxy, loopback]);
});

test.each([
    ["http://mirror.example/debian", proxy],
    ["https://mirror.example/debian", "http://secure.example:3128"],
    ["http://mirror.intern.example/debian", undefined],
    ["http://intern.example:8080/", undefined],
    ["http://notintern.example/", proxy],
    ["http://10.9.8.7:3142/", undefined],
    ["http://10.10.8.7/", proxy],
    ["http://127.0.0.1:8080/", undefined],
])("the proxy for %s", (address, expected) => {
    vi.stubEnv("http_proxy", proxy);
    vi.stubEnv("HTTPS_PROXY", "http://secure.example:3128");
    vi.stubEnv("NO_PROXY", ".intern.example, 10.9.0.0/16");
    expect(proxyFor(address)).toBe(expected);
});

test("without a variable for the scheme, all_proxy counts", () => {
    vi.stubEnv("ALL_PROXY", proxy);
    expect(proxyFor("http://mirror.example/")).toBe(proxy);
});

test("Maven gets Java's properties, and the user's own options after them", () => {
    expect(mavenEnvironment()).toBe(process.env);
    vi.stubEnv("https_proxy", "http://user:p%40ss@proxy.example");
    vi.stubEnv("no_proxy", ".intern.example 10.0.0.0/8");
    vi.stubEnv("MAVEN_OPTS", "-Xmx1g");
    expect(mavenEnvironment().MAVEN_OPTS).toBe(
        "-Dhttps.proxyHost=proxy.example -Dhttps.proxyPort=80 -Dhttps.proxyUser=user -Dhttps.proxyPassword=p@ss " +
            "-Dhttp.nonProxyHosts=*.intern.example|localhost|127.0.0.1|::1 " +
            "-Daether.connector.http.useSystemProperties=true -Xmx1g",
    );
});
