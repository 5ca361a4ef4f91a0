set -eu
mkdir server jemalloc root
tar -xf tengine-2.1.0.tar.gz -C server --strip-components=1
tar -xf jemalloc-3.6.0.tar.bz2 -C jemalloc --strip-components=1
jemalloc=$PWD/jemalloc
root=$PWD/root
cd server
./configure \
    "--prefix=/usr/local/tengine" \
    "--sbin-path=/usr/local/tengine/sbin/nginx" \
    "--conf-path=/etc/tengine/nginx.conf" \
    "--error-log-path=/var/log/tengine/error.log" \
    "--http-log-path=/var/log/tengine/access.log" \
    "--pid-path=/var/run/tengine.pid" \
    "--lock-path=/var/lock/subsys/tengine" \
    "--user=nginx" \
    "--group=nginx" \
    "--with-file-aio" \
    "--with-http_ssl_module" \
    "--with-http_flv_module" \
    "--with-http_mp4_module" \
    "--with-http_gunzip_module" \
    "--with-http_gzip_static_module" \
    "--with-http_auth_request_module" \
    "--http-client-body-temp-path=/var/tmp/tengine/client" \
    "--http-proxy-temp-path=/var/tmp/tengine/proxy" \
    "--http-fastcgi-temp-path=/var/tmp/tengine/fastcgi" \
    "--http-uwsgi-temp-path=/var/tmp/tengine/uwsgi" \
    "--with-pcre" \
    "--with-http_spdy_module" \
    "--with-http_image_filter_module=shared" \
    "--with-http_sub_module=shared" \
    "--with-http_flv_module=shared" \
    "--with-http_mp4_module=shared" \
    "--with-http_rewrite_module=shared" \
    "--with-http_fastcgi_module=shared" \
    "--dso-path=/usr/local/tengine/dsomodule/dso" \
    "--dso-tool-path=/usr/local/tengine/dsomodule/dsotool" \
    "--with-jemalloc" \
    "--with-jemalloc=$jemalloc"
make -j"$(nproc)"
make -j"$(nproc)" DESTDIR="$root" dso_install
make -j"$(nproc)" DESTDIR="$root" install
# The configuration that comes with the server would overwrite the lab's.
rm -f "$root/etc/tengine/nginx.conf"
# What has just been compiled is what was asked for, and asks jemalloc for its memory.
said=$(MALLOC_CONF=stats_print:true "$root/usr/local/tengine/sbin/nginx" -V 2>&1)
for word in 'Tengine/2.1.0' 'Begin jemalloc statistics'; do
    case $said in *"$word"*) ;; *) printf '%s
This server does not say: %s
' "$said" "$word" >&2; exit 1 ;; esac
done
tar -czf ../result.tar.gz --owner=root --group=root -C "$root" usr etc
