import type { Mirrors } from "./mirrors";

/**
 * The configuration of apt-cacher-ng: one cache, `cache`/packages, for Debian's archive and its security archive.
 * Guests reach them as http://packages.lab/debian through the proxy, or as http://GATEWAY:PORT/debian; it serves
 * nothing else, and so is no open proxy. With `offline` it serves what it has, however old, and asks no mirror.
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
