/** The environment variables that name HTTP proxies, such as `http_proxy`. No other module reads or sets them. */
import { overlap } from "./ipv4";
import { words } from "./shell";

/** pulumi, its plugins and its program talk to each other over loopback. */
const loopback = ["localhost", "127.0.0.1", "::1"];

/** `proxy.example:3128` is an address for curl, but not for Node.js and Go. */
const asAddress = (proxy: string) => (proxy.includes("://") ? proxy : `http://${proxy}`);

/** The entries of `no_proxy`. People separate them by commas, blanks or both; Node's gRPC library takes only commas. */
const entriesOf = (text: string | undefined) => (text ?? "").split(/[\s,]+/).filter(Boolean);

/**
 * The proxy variables of `env` in a form that every program understands, for a process that this one starts. curl reads
 * only `http_proxy`, other programs only `HTTP_PROXY`: each variable is set in both cases. No program asks loopback or
 * the hosts of `direct` through a proxy; `*` stands for all hosts. `undefined` removes a variable.
 */
export function proxySettings(env: NodeJS.ProcessEnv, direct: string[] = []): NodeJS.ProcessEnv {
    const inBothCases = (name: string, value: string | undefined) => ({ [name]: value, [name.toUpperCase()]: value });
    const exceptions = new Set([...entriesOf(env.no_proxy), ...entriesOf(env.NO_PROXY), ...loopback, ...direct]);
    // Node's gRPC library does not know `*`, and curl knows `*` only without other entries.
    const never = exceptions.has("*");
    const proxies = ["http_proxy", "https_proxy", "all_proxy"].map((name) => {
        const value = env[name] || env[name.toUpperCase()];
        return inBothCases(name, never || !value ? undefined : asAddress(value));
    });
    return Object.assign({}, ...proxies, inBothCases("no_proxy", never ? "*" : [...exceptions].join(",")), {
        // These come before http_proxy and no_proxy in Node's gRPC library.
        grpc_proxy: undefined,
        no_grpc_proxy: undefined,
        // The load client of `drill` runs on Node's HTTP client, which knows no networks in no_proxy.
        NODE_USE_ENV_PROXY: undefined,
    }) as NodeJS.ProcessEnv;
}

/**
 * The first words of each curl that asks a machine of the lab, or loopback on such a machine. Where curl runs, such as
 * on a hypervisor, a curlrc or a variable may name a proxy.
 */
export const directCurl = ["curl", "--noproxy", "*"] as const;

/** The same as shell text. */
export const directCurlText = words(directCurl);

/** Shell text that succeeds when `url`, on a machine of the lab, answers within ten seconds and without an error. */
export const answersText = (url: string) => `${directCurlText} -sS -f -o /dev/null --max-time 10 ${url}`;

/** Applies proxySettings to this process and to every process that it starts from now on. */
export function keepLoopbackOffProxies(): void {
    for (const [name, value] of Object.entries(proxySettings(process.env)))
        if (value === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = value;
}

/** The user's proxy for an address (http://..., https://...); undefined if the address is asked directly. */
export function proxyFor(address: string): string | undefined {
    const { protocol, hostname, host } = new URL(address);
    const { no_proxy, all_proxy, [`${protocol.slice(0, -1)}_proxy`]: proxy } = proxySettings(process.env);
    const isIpv4 = (text: string) => /^[\d.]+$/.test(text);
    const excepted = entriesOf(no_proxy).some((entry) => {
        if (isIpv4(hostname) && isIpv4(entry.replace(/\/\d+$/, ""))) return overlap(hostname, entry);
        const name = entry.replace(/^\*?\./, "");
        return [hostname, host].some((text) => text === name || text.endsWith(`.${name}`));
    });
    return excepted ? undefined : (proxy ?? all_proxy);
}

/** The environment for Maven, which reads proxies only from its settings and from Java's properties. */
export function mavenEnvironment(): NodeJS.ProcessEnv {
    const { http_proxy, https_proxy, all_proxy, no_proxy } = proxySettings(process.env);
    const properties = Object.entries({ http: http_proxy ?? all_proxy, https: https_proxy ?? all_proxy }).flatMap(
        ([scheme, proxy]) => {
            if (!proxy?.startsWith("http")) return [];
            const { hostname, port, protocol, username, password } = new URL(proxy);
            return Object.entries({
                proxyHost: hostname,
                proxyPort: port || (protocol === "https:" ? "443" : "80"),
                proxyUser: decodeURIComponent(username),
                proxyPassword: decodeURIComponent(password),
            })
                .filter(([, value]) => value)
                .map(([name, value]) => `-D${scheme}.${name}=${value}`);
        },
    );
    if (properties.length === 0) return process.env;
    const exceptions = entriesOf(no_proxy)
        .filter((entry) => !entry.includes("/"))
        .map((entry) => entry.replace(/^\./, "*."));
    return {
        ...process.env,
        // Maven from 3.9 on ignores Java's properties without the last one. The user's own options come last and win.
        MAVEN_OPTS: [
            ...properties,
            `-Dhttp.nonProxyHosts=${exceptions.join("|")}`,
            "-Daether.connector.http.useSystemProperties=true",
            process.env.MAVEN_OPTS,
        ]
            .filter(Boolean)
            .join(" "),
    };
}
