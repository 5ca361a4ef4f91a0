package de.javakaffee.web.msm;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Lock;
import org.apache.catalina.Session;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;

/** Copies this Tomcat's sessions again to a memcached that was away. */
final class CopyRestorer {
    private static final Log LOG = LogFactory.getLog(CopyRestorer.class);

    private final MemcachedWatch watch;
    private final SessionGuard.Pool guards;
    private final Clock clock;

    /** By memcached: the end of the absence whose lost copies have all been written again. */
    private final Map<String, Long> restoredUntil = new ConcurrentHashMap<>();

    CopyRestorer(final MemcachedWatch watch, final SessionGuard.Pool guards, final Clock clock) {
        this.watch = watch;
        this.guards = guards;
        this.clock = clock;
    }

    /** Asks every memcached, which also makes MSM notice broken connections, and restores lost copies. Does not throw. */
    void restore(final SessionManager manager) {
        try {
            for (final String node : manager.nodeNames()) {
                if (!watch.isUninterrupted(manager, node)) {
                    continue;
                }
                final Long awayAt = watch.awayAt(manager, node);
                if (awayAt != null && !awayAt.equals(restoredUntil.get(node)) && copyAgain(manager, node)) {
                    restoredUntil.put(node, awayAt);
                }
            }
        } catch (final Exception e) {
            LOG.warn("Copies of sessions could not be restored. The next attempt follows soon.", e);
        }
    }

    /** Copies to `node` what it had before it was away; false where some sessions have to be tried again. */
    private boolean copyAgain(final SessionManager manager, final String node) throws Exception {
        boolean isComplete = true;
        int copied = 0;
        for (final Session each : manager.tomcats().findSessions()) {
            final MemcachedBackupSession session = (MemcachedBackupSession) each;
            // A session without any copy gets its first from the request that has made it.
            if (!isIn(manager, session, node)
                || session.getLastBackupTime() == 0
                || clock.timeOfDay() - session.getLastBackupTime() < watch.presentForMs(manager, node)) {
                continue;
            }
            final Lock exclusive = guards.of(session.getIdInternal()).exclusive();
            if (!exclusive.tryLock()) {
                isComplete = false;
                continue;
            }
            try {
                if (isIn(manager, session, node) && session.isValidInternal()) {
                    manager.service().backupSession(session.getIdInternal(), true, "copy again").get();
                    copied++;
                }
            } finally {
                exclusive.unlock();
            }
            if (!manager.isAvailable(node)) {
                return false;
            }
        }
        if (copied > 0) {
            LOG.info(node + " was away: " + copied + " sessions copied again.");
        }
        return isComplete;
    }

    private static boolean isIn(final SessionManager manager, final MemcachedBackupSession session, final String node) {
        return node.equals(manager.nodeOf(session.getIdInternal()));
    }
}
