package de.javakaffee.web.msm;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.catalina.connector.Request;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;

/** Brings sessions of other Tomcats here when a request asks for them. */
final class SessionTakeover {
    private static final Log LOG = LogFactory.getLog(SessionTakeover.class);
    private static final int REMEMBERED = 10_000;

    /** Requests of one visitor that were sent together arrive within this time. */
    private static final long SIDE_BY_SIDE_MS = 3_000;

    private static final long ASK_AGAIN_AFTER_MS = 50;

    private final MemcachedWatch watch;
    private final long copiesBackMs;
    private final Clock clock;

    /** By the id that the session had in the other Tomcat. */
    private final Map<String, Taken> taken = Collections.synchronizedMap(new LinkedHashMap<String, Taken>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(final Map.Entry<String, Taken> eldest) {
            return size() > REMEMBERED;
        }
    });

    private static final class Taken {
        private final String newId;
        private final long at;

        private Taken(final String newId, final long at) {
            this.newId = newId;
            this.at = at;
        }
    }

    /** @param copiesBackMs how long after a memcached's return the other Tomcats have time to write their copies again */
    SessionTakeover(final MemcachedWatch watch, final long copiesBackMs, final Clock clock) {
        this.watch = watch;
        this.copiesBackMs = copiesBackMs;
        this.clock = clock;
    }

    /** Gives the request the session's id here, where memcached has the session. The caller holds the session's exclusive lock. */
    void takeOver(final Request request, final SessionManager manager) {
        final String requested = request.getRequestedSessionId();
        final MemcachedBackupSession copy = load(manager, requested);
        if (copy == null) {
            // A request beside this one may have taken the session over a moment ago, which removes the copy.
            final Taken before = taken.get(requested);
            if (before != null && clock.monotonic() - before.at < SIDE_BY_SIDE_MS) {
                request.changeSessionId(manager.currentId(before.newId));
            }
            return;
        }
        if (LimitedTranscoder.isWithoutContent(copy)) {
            LOG.warn("Session " + requested + " is lost with its Tomcat: it was too large for a copy.");
            return;
        }
        if (!copy.isValid()) {
            return;
        }
        // What this Tomcat still has of an earlier stay of the session.
        manager.forget(requested);
        final String newId = manager.adopt(copy);
        // Without it MSM writes no copy under the new id until the session changes.
        copy.setSessionIdChanged(true);
        taken.put(requested, new Taken(newId, clock.monotonic()));
        request.changeSessionId(newId);
    }

    /** Null where memcached has no copy. Waits for a memcached that has just returned to get its copies back. */
    private MemcachedBackupSession load(final SessionManager manager, final String id) {
        final long start = clock.monotonic();
        try {
            while (true) {
                final MemcachedBackupSession copy = manager.service().loadFromMemcachedWithCheck(id);
                if (copy != null
                    || clock.monotonic() - start > copiesBackMs
                    || !wasAwayLately(manager, manager.nodeOf(id))) {
                    return copy;
                }
                Thread.sleep(ASK_AGAIN_AFTER_MS);
                manager.askAgainFor(id);
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            return null;
        }
    }

    private boolean wasAwayLately(final SessionManager manager, final String node) {
        // A visitor can send an id that names no memcached.
        return manager.nodeNames().contains(node)
            && (!watch.isUninterrupted(manager, node)
                || watch.presentForMs(manager, node) < copiesBackMs);
    }
}
