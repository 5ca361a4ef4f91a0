import type { Mirrors } from "./mirrors";

/**
 * apt-cacher-ng's configuration: one cache in `cache`/packages for the two archives, which the guests know by names of the lab's own
 * (as a proxy: http://packages.lab/debian; as a server: http://GATEWAY:PORT/debian), and nothing else: it is no open proxy. With `offline`
 * it gives what it has, however old, and asks no mirror.
 */
export function proxyConfiguration(cache: string, mirrors: Mirrors, offline = false): string {
    const upstreamProxy = mirrors.proxy
        .map((line) => /"(.+)";?$/.exec(line)?.[1])
        .find((value) => value && value !== "DIRECT");
    return [
        `CacheDir: ${cache}/packages`,
        `LogDir: ${cache}/proxy/log`,
        "VerboseLog: 1",
        `Remap-debian: http://packages.lab/debian /debian ; ${mirrors.main}/`,
        `Remap-security: http://packages.lab/debian-security /debian-security ; ${mirrors.security}/`,
        "ForceManaged: 1",
        ...(upstreamProxy ? [`Proxy: ${upstreamProxy}`] : []),
        ...(offline ? ["Offlinemode: 1"] : []),
        "",
    ].join("\n");
}
