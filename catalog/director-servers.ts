import type { ArtifactName } from "./artifacts";
import type { PlatformName } from "./platforms/index";

export const sourceNames = ["nginx-1.26.3", "tengine-3.1.0", "tengine-2.1.0"] as const;
export type SourceName = (typeof sourceNames)[number];

/** How one version of the directors' server is compiled. */
export interface ServerSource {
    /**
     * Tengine has active health checks and `consistent_hash`. nginx has neither; the template uses other directives for
     * it.
     */
    isTengine: boolean;
    /** Product and version, as `nginx -V` prints them. */
    product: string;
    /** Modules that nginx.conf has to load in a `dso` block, because it uses their directives. */
    dsoModules: string[];
    /** Whether it has `proxy_next_upstream_timeout` (nginx 1.7.5). */
    limitsRepeats: boolean;
    /** An nginx variable with another value for each request. */
    perRequestVariable: string;
    server: ArtifactName;
    jemalloc: ArtifactName;
    /** Arguments of ./configure in addition to commonArguments; `$jemalloc` is the folder with jemalloc's source. */
    configure: string[];
    /** Commands that build jemalloc before ./configure; empty where the server's own build does. */
    beforeConfigure: string[];
    makeTargets: string[];
    /** The only platforms on which it compiles, and why. Undefined: all platforms. */
    onlyOn?: { platforms: PlatformName[]; because: string };
}

export const prefix = "/usr/local/tengine";

/** The paths and modules of the article's configure arguments (article, row 18) that every version has. */
export const commonArguments = [
    `--prefix=${prefix}`,
    `--sbin-path=${prefix}/sbin/nginx`,
    "--conf-path=/etc/tengine/nginx.conf",
    "--error-log-path=/var/log/tengine/error.log",
    "--http-log-path=/var/log/tengine/access.log",
    "--pid-path=/var/run/tengine.pid",
    "--lock-path=/var/lock/subsys/tengine",
    "--user=nginx",
    "--group=nginx",
    "--with-file-aio",
    "--with-http_ssl_module",
    "--with-http_flv_module",
    "--with-http_mp4_module",
    "--with-http_gunzip_module",
    "--with-http_gzip_static_module",
    "--with-http_auth_request_module",
    "--http-client-body-temp-path=/var/tmp/tengine/client",
    "--http-proxy-temp-path=/var/tmp/tengine/proxy",
    "--http-fastcgi-temp-path=/var/tmp/tengine/fastcgi",
    "--http-uwsgi-temp-path=/var/tmp/tengine/uwsgi",
    "--with-pcre",
];

/** Folders for bodies of requests and answers, the outermost first (article, row 18). */
export const temporaryFolders = ["", "/client", "/proxy", "/fastcgi", "/uwsgi"].map(
    (name) => `/var/tmp/tengine${name}`,
);

export const serverSources: Record<SourceName, ServerSource> = {
    "nginx-1.26.3": {
        isTengine: false,
        product: "nginx/1.26.3",
        dsoModules: [],
        limitsRepeats: true,
        perRequestVariable: "$request_id",
        server: "nginx-1.26.3",
        jemalloc: "jemalloc-5.3.0",
        // nginx has no option for jemalloc. The static library is built first and linked before the C library, whose
        // allocator it replaces.
        beforeConfigure: [
            `(cd "$jemalloc" && ./configure --quiet --disable-cxx --disable-shared --disable-doc && make -s -j"$(nproc)" build_lib_static)`,
        ],
        configure: [
            "--with-http_v2_module",
            "--with-http_sub_module",
            "--with-http_image_filter_module=dynamic",
            "--with-http_stub_status_module",
            "--with-ld-opt=$jemalloc/lib/libjemalloc.a -lm -lpthread -ldl",
        ],
        makeTargets: ["", "install"],
    },
    // Since 2.3, Tengine has HTTP/2 instead of spdy, and nginx's dynamic modules instead of dso. Checks and consistent
    // hash are in modules/.
    "tengine-3.1.0": {
        isTengine: true,
        product: "Tengine/3.1.0",
        dsoModules: [],
        limitsRepeats: true,
        perRequestVariable: "$request_id",
        server: "tengine-3.1.0",
        jemalloc: "jemalloc-5.3.0",
        beforeConfigure: [],
        configure: [
            "--with-http_v2_module",
            "--with-http_sub_module",
            "--with-http_image_filter_module=dynamic",
            "--add-module=modules/ngx_http_upstream_check_module",
            "--add-module=modules/ngx_http_upstream_consistent_hash_module",
            "--with-jemalloc=$jemalloc",
        ],
        makeTargets: ["", "install"],
    },
    // The article's arguments (article, row 18).
    "tengine-2.1.0": {
        isTengine: true,
        product: "Tengine/2.1.0",
        dsoModules: ["ngx_http_rewrite_module"],
        limitsRepeats: false,
        // This version has no $request_id (since nginx 1.11.0).
        perRequestVariable: "$msec",
        server: "tengine-2.1.0",
        jemalloc: "jemalloc-3.6.0",
        beforeConfigure: [],
        configure: [
            "--with-http_spdy_module",
            "--with-http_image_filter_module=shared",
            "--with-http_sub_module=shared",
            "--with-http_flv_module=shared",
            "--with-http_mp4_module=shared",
            "--with-http_rewrite_module=shared",
            "--with-http_fastcgi_module=shared",
            `--dso-path=${prefix}/dsomodule/dso`,
            `--dso-tool-path=${prefix}/dsomodule/dsotool`,
            "--with-jemalloc",
            "--with-jemalloc=$jemalloc",
        ],
        makeTargets: ["", "dso_install", "install"],
        onlyOn: {
            platforms: ["centos-7"],
            because:
                "it is written for OpenSSL 1.0, a glibc before 2.28 and a compiler with fewer warnings than gcc 7's",
        },
    },
};

/**
 * The script that compiles the server, in a folder with the two archives, without root's rights. The result is
 * `result.tar.gz` in that folder.
 */
export function buildScript(source: ServerSource, files: { server: string; jemalloc: string }): string {
    const argumentLines = [...commonArguments, ...source.configure]
        .map((argument) => `    "${argument}"`)
        .join(" \\\n");
    return `set -eu
mkdir server jemalloc root
tar -xf ${files.server} -C server --strip-components=1
tar -xf ${files.jemalloc} -C jemalloc --strip-components=1
jemalloc=$PWD/jemalloc
root=$PWD/root
${source.beforeConfigure.map((line) => `${line}\n`).join("")}cd server
./configure \\
${argumentLines}
${source.makeTargets.map((target) => `make -j"$(nproc)" ${target === "" ? "" : `DESTDIR="$root" ${target}`}`.trimEnd()).join("\n")}
# The configuration that comes with the server would overwrite the lab's.
rm -f "$root/etc/tengine/nginx.conf"
# What has just been compiled is what was asked for, and asks jemalloc for its memory.
said=$(MALLOC_CONF=stats_print:true "$root${prefix}/sbin/nginx" -V 2>&1)
for word in '${source.product}' 'Begin jemalloc statistics'; do
    case $said in *"$word"*) ;; *) printf '%s\nThis server does not say: %s\n' "$said" "$word" >&2; exit 1 ;; esac
done
tar -czf ../result.tar.gz --owner=root --group=root -C "$root" usr etc
`;
}
