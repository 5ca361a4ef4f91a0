package de.javakaffee.web.msm;

import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Remembers when each memcached was last away. Sessions' copies from before that are lost. */
final class MemcachedWatch {
    private final Map<String, Memcached> memcacheds = new ConcurrentHashMap<>();

    private static final class Memcached {
        private final MemcachedProbe probe;
        private volatile long awayAt;

        private Memcached(final InetSocketAddress address) {
            probe = new MemcachedProbe(address);
        }
    }

    /** Asks the memcached now, and remembers if it is away or has been away. */
    boolean isUninterrupted(final SessionManager manager, final String node) {
        final Memcached memcached = memcached(manager, node);
        final boolean isUninterrupted = memcached.probe.isUninterrupted() && manager.isAvailable(node);
        if (!isUninterrupted) {
            memcached.awayAt = System.currentTimeMillis();
        }
        return isUninterrupted;
    }

    /** When the memcached was last seen to be away, in milliseconds; 0 for never. */
    long awayAt(final SessionManager manager, final String node) {
        return memcached(manager, node).awayAt;
    }

    void close() {
        memcacheds.values().forEach(memcached -> memcached.probe.close());
    }

    private Memcached memcached(final SessionManager manager, final String node) {
        return memcacheds.computeIfAbsent(node, name -> new Memcached(manager.addressOf(name)));
    }
}
