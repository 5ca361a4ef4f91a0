package de.javakaffee.web.msm;

import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Remembers when each memcached was last away. Sessions' copies from before that are lost. */
final class MemcachedWatch {
    private final Map<String, Memcached> memcacheds = new ConcurrentHashMap<>();
    private final Clock clock;

    MemcachedWatch(final Clock clock) {
        this.clock = clock;
    }

    private static final class Memcached {
        private final MemcachedProbe probe;
        /** By the clock that does not jump; null for never. */
        private volatile Long awayAt;

        private Memcached(final InetSocketAddress address) {
            probe = new MemcachedProbe(address);
        }
    }

    /** Asks the memcached now, and remembers if it is away or has been away. */
    boolean isUninterrupted(final SessionManager manager, final String node) {
        final Memcached memcached = memcached(manager, node);
        final boolean isUninterrupted = memcached.probe.isUninterrupted() && manager.isAvailable(node);
        if (!isUninterrupted) {
            memcached.awayAt = clock.monotonic();
        }
        return isUninterrupted;
    }

    /** When the memcached was last seen to be away, by the clock that does not jump; null for never. */
    Long awayAt(final SessionManager manager, final String node) {
        return memcached(manager, node).awayAt;
    }

    /** How long ago the memcached was last seen to be away. */
    long presentForMs(final SessionManager manager, final String node) {
        final Long awayAt = awayAt(manager, node);
        return awayAt == null ? Long.MAX_VALUE : clock.monotonic() - awayAt;
    }

    void close() {
        memcacheds.values().forEach(memcached -> memcached.probe.close());
    }

    private Memcached memcached(final SessionManager manager, final String node) {
        return memcacheds.computeIfAbsent(node, name -> new Memcached(manager.addressOf(name)));
    }
}
