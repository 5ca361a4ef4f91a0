package de.javakaffee.web.msm;

import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import javax.servlet.ServletException;
import org.apache.catalina.Context;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;

/**
 * Keeps a copy of each session of this Tomcat in a memcached that outlives this Tomcat; README.md says what MSM alone does not do. For sticky
 * sessions. It has to stand before MSM's own valve, which MSM adds last to a context.
 */
public final class SessionCopiesValve extends ValveBase {
    /** Less than the 1 s for which MSM remembers whether a memcached is available, so that no absence is missed. */
    private static final long RESTORE_EVERY_MS = 400;

    /** MSM's clients take up to about 3 s to connect again to a memcached that has returned. */
    private static final long COPIES_BACK_MS = 3_000;

    /** As a new session's id, it makes MSM look for a session that does not exist, and so write no second copy. */
    private static final String COPIED = "";

    private final SessionGuard.Pool guards = new SessionGuard.Pool();
    private final MemcachedWatch watch = new MemcachedWatch();
    private final SessionTakeover takeover;
    private final CopyRestorer restorer = new CopyRestorer(watch, guards);
    private ScheduledExecutorService scheduler;

    public SessionCopiesValve() {
        this(COPIES_BACK_MS);
    }

    SessionCopiesValve(final long copiesBackMs) {
        super(true);
        takeover = new SessionTakeover(watch, copiesBackMs);
    }

    @Override
    protected synchronized void startInternal() throws LifecycleException {
        scheduler = Executors.newSingleThreadScheduledExecutor(work -> {
            final Thread thread = new Thread(work, "session-copies");
            thread.setDaemon(true);
            return thread;
        });
        scheduler.scheduleWithFixedDelay(this::restore, RESTORE_EVERY_MS, RESTORE_EVERY_MS, TimeUnit.MILLISECONDS);
        super.startInternal();
    }

    @Override
    protected synchronized void stopInternal() throws LifecycleException {
        super.stopInternal();
        scheduler.shutdownNow();
        watch.close();
    }

    private void restore() {
        manager().filter(manager -> manager.tomcats().getState().isAvailable()).ifPresent(restorer::restore);
    }

    @Override
    public void invoke(final Request request, final Response response) throws IOException, ServletException {
        final Optional<SessionManager> found = manager();
        final String requested = request.getRequestedSessionId();
        if (!found.isPresent() || requested == null) {
            getNext().invoke(request, response);
            return;
        }
        final SessionManager manager = found.get();
        final SessionGuard guard = guards.of(requested);
        bringHome(request, manager, guard);
        try {
            final String current = manager.currentId(request.getRequestedSessionId());
            if (!current.equals(request.getRequestedSessionId())) {
                request.changeSessionId(current);
            }
            final long copiesBefore = guard.copies();
            try {
                getNext().invoke(request, response);
            } finally {
                copy(request, manager, guard, copiesBefore);
            }
        } finally {
            guard.shared().unlock();
        }
    }

    /** Moves the session to this Tomcat, or off its failover node. Returns with the shared lock held. */
    private void bringHome(final Request request, final SessionManager manager, final SessionGuard guard) {
        final String requested = request.getRequestedSessionId();
        final Lock exclusive = guard.exclusive();
        if (manager.isForeign(requested)) {
            exclusive.lock();
            try {
                takeover.takeOver(request, manager);
                guard.shared().lock();
            } finally {
                exclusive.unlock();
            }
            return;
        }
        // With other requests of the session under way it stays where it is, and a later request moves it.
        if (exclusive.tryLock()) {
            try {
                leaveFailoverNode(manager, manager.currentId(requested));
            } finally {
                exclusive.unlock();
            }
        }
        guard.shared().lock();
    }

    /** Writes the copy in MSM's place, one request of a session after the other. */
    private static void copy(
        final Request request, final SessionManager manager, final SessionGuard guard, final long copiesBefore) {
        final boolean isProcessed = request.getNote(RequestTrackingHostValve.REQUEST_PROCESS) == Boolean.TRUE;
        // A session that this request has made has no other requests: MSM copies it.
        final boolean isNew = request.getNote(MemcachedSessionService.NEW_SESSION_ID) != null;
        if (!isProcessed || isNew) {
            return;
        }
        synchronized (guard.copying()) {
            // Another request's copy resets MSM's record of changes, also of those that this request has made since.
            final boolean isForced = guard.copies() != copiesBefore
                || request.getNote(RequestTrackingHostValve.SESSION_ID_CHANGED) == Boolean.TRUE;
            manager.service().backupSession(manager.currentId(request.getRequestedSessionId()), isForced, "copy");
            guard.hasCopied();
        }
        request.setNote(MemcachedSessionService.NEW_SESSION_ID, COPIED);
    }

    private static void leaveFailoverNode(final SessionManager manager, final String id) {
        final MemcachedBackupSession session = manager.find(id);
        if (session == null
            || !session.isValid()
            || !manager.nodes().getFailoverNodeIds().contains(manager.nodeOf(id))) {
            return;
        }
        for (final String node : manager.nodes().getPrimaryNodeIds()) {
            if (manager.isAvailable(node)) {
                // The copy on the failover node stays: the visitor asks for it until the answer with the new id arrives.
                session.setIdForRelocate(manager.format().createNewSessionId(id, node));
                // Without it MSM writes no copy to the new node until the session changes.
                session.setSessionIdChanged(true);
                return;
            }
        }
    }

    private Optional<SessionManager> manager() {
        return SessionManager.of((Context) getContainer());
    }
}
