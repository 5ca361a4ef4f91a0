import { proxyFor } from "../../lib/proxies";
import type { Mirrors } from "./mirrors";

/**
 * The configuration of apt-cacher-ng: one cache, `cache`/packages, for Debian's archive and its security archive.
 * Guests reach them as http://packages.lab/debian through the proxy, or as http://GATEWAY:PORT/debian; it serves
 * nothing else, and so is no open proxy. With `offline` it serves what it has, however old, and asks no mirror.
 */
export function proxyConfiguration(cache: string, mirrors: Mirrors, offline = false): string {
    // apt, too, reads the environment only if its configuration names no proxy.
    const ofApt = mirrors.proxy.map((line) => /"(.+)";?$/.exec(line)?.[1]);
    const upstreamProxy =
        ofApt.length > 0 ? ofApt.find((value) => value && value !== "DIRECT") : proxyFor(mirrors.main);
    return [
        `CacheDir: ${cache}/packages`,
        `LogDir: ${cache}/proxy/log`,
        "VerboseLog: 1",
        `Remap-debian: http://packages.lab/debian /debian ; ${mirrors.main}/`,
        `Remap-security: http://packages.lab/debian-security /debian-security ; ${mirrors.security}/`,
        "ForceManaged: 1",
        ...(upstreamProxy?.startsWith("http://") ? [`Proxy: ${upstreamProxy}`] : []),
        ...(offline ? ["Offlinemode: 1"] : []),
        "",
    ].join("\n");
}
