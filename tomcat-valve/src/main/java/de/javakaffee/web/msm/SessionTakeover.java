package de.javakaffee.web.msm;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.catalina.connector.Request;

/** Brings sessions of other Tomcats here when a request asks for them. */
final class SessionTakeover {
    private static final int REMEMBERED = 10_000;

    /** Requests of one visitor that were sent together arrive within this time. */
    private static final long SIDE_BY_SIDE_MS = 3_000;

    private static final long ASK_AGAIN_AFTER_MS = 50;

    private final MemcachedWatch watch;
    private final long copiesBackMs;

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
        private final long at = System.currentTimeMillis();

        private Taken(final String newId) {
            this.newId = newId;
        }
    }

    /** @param copiesBackMs how long after a memcached's return the other Tomcats have time to write their copies again */
    SessionTakeover(final MemcachedWatch watch, final long copiesBackMs) {
        this.watch = watch;
        this.copiesBackMs = copiesBackMs;
    }

    /** Gives the request the session's id here, where memcached has the session. The caller holds the session's exclusive lock. */
    void takeOver(final Request request, final SessionManager manager) {
        final String requested = request.getRequestedSessionId();
        if (!hasCopy(manager, requested)) {
            // A request beside this one may have taken the session over a moment ago, which removes the copy.
            final Taken before = taken.get(requested);
            if (before != null && System.currentTimeMillis() - before.at < SIDE_BY_SIDE_MS) {
                request.changeSessionId(manager.currentId(before.newId));
            }
            return;
        }
        // MSM 2.3.2 would otherwise use what this Tomcat still has of an earlier stay of the session.
        manager.forget(requested);
        final String newId = manager.service().changeSessionIdOnTomcatFailover(requested);
        if (newId != null) {
            // Without it MSM writes no copy under the new id until the session changes.
            manager.find(newId).setSessionIdChanged(true);
            taken.put(requested, new Taken(newId));
            request.changeSessionId(newId);
        }
    }

    /** Whether memcached has the session. Waits for a memcached that has just returned to get its copies back. */
    private boolean hasCopy(final SessionManager manager, final String id) {
        final long start = System.currentTimeMillis();
        try {
            while (manager.service().loadFromMemcachedWithCheck(id) == null) {
                if (System.currentTimeMillis() - start > copiesBackMs || !wasAwayLately(manager, manager.nodeOf(id))) {
                    return false;
                }
                Thread.sleep(ASK_AGAIN_AFTER_MS);
                manager.askAgainFor(id);
            }
            return true;
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private boolean wasAwayLately(final SessionManager manager, final String node) {
        // A visitor can send an id that names no memcached.
        return manager.nodeNames().contains(node)
            && (!watch.isUninterrupted(manager, node)
                || System.currentTimeMillis() - watch.awayAt(manager, node) < copiesBackMs);
    }
}
