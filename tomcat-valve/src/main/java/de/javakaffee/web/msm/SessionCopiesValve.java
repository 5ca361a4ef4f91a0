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
import org.apache.catalina.Valve;
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

    /**
     * How long a takeover waits for a memcached's copies. They were back 1.7 to 2.1 s after its return (2026-11-27, 25 returns with each
     * release), and MSM's clients may take 3.2 s to connect.
     */
    private static final long COPIES_BACK_MS = 6_000;

    /** As a new session's id, it makes MSM look for a session that does not exist, and so write no second copy. */
    private static final String COPIED = "";

    private final Clock clock;
    private final ClockJumps clockJumps;
    private final SessionGuard.Pool guards = new SessionGuard.Pool();
    private final MemcachedWatch watch;
    private final SessionTakeover takeover;
    private final CopyRestorer restorer;
    private final CrawlerSessions crawlers = new CrawlerSessions();
    private final SessionLimit limit;
    private final Valve beforeExpiry = new BeforeExpiry();
    private ScheduledExecutorService scheduler;
    private int maxKiB = 1024;
    private int maxSessions = -1;

    public SessionCopiesValve() {
        this(COPIES_BACK_MS, Clock.OF_THE_MACHINE);
    }

    SessionCopiesValve(final long copiesBackMs, final Clock clock) {
        super(true);
        this.clock = clock;
        clockJumps = new ClockJumps(clock);
        watch = new MemcachedWatch(clock);
        takeover = new SessionTakeover(watch, copiesBackMs, clock);
        restorer = new CopyRestorer(watch, guards, clock);
        limit = new SessionLimit(clock);
    }

    /** A session whose copy would be larger has none. memcached must take this and a little more (its option -I). */
    public void setMaxKiB(final int maxKiB) {
        this.maxKiB = maxKiB;
    }

    /** With so many sessions this Tomcat makes no new ones, but still takes over those of other Tomcats; -1 is no limit. */
    public void setMaxSessions(final int maxSessions) {
        this.maxSessions = maxSessions;
    }

    @Override
    protected synchronized void startInternal() throws LifecycleException {
        scheduler = Executors.newSingleThreadScheduledExecutor(work -> {
            final Thread thread = new Thread(work, "session-copies");
            thread.setDaemon(true);
            return thread;
        });
        scheduler.scheduleWithFixedDelay(this::restore, RESTORE_EVERY_MS, RESTORE_EVERY_MS, TimeUnit.MILLISECONDS);
        getContainer().getParent().getPipeline().addValve(beforeExpiry);
        super.startInternal();
    }

    @Override
    protected synchronized void stopInternal() throws LifecycleException {
        super.stopInternal();
        getContainer().getParent().getPipeline().removeValve(beforeExpiry);
        scheduler.shutdownNow();
        watch.close();
    }

    private void restore() {
        manager().ifPresent(manager -> {
            clockJumps.follow(manager);
            restorer.restore(manager);
        });
    }

    @Override
    public void invoke(final Request request, final Response response) throws IOException, ServletException {
        final Optional<SessionManager> found = manager();
        if (!found.isPresent()) {
            getNext().invoke(request, response);
            return;
        }
        final SessionManager manager = found.get();
        clockJumps.follow(manager);
        final String crawler = crawlers.enter(request, manager);
        if (request.getRequestedSessionId() == null) {
            getNext().invoke(request, response);
        } else {
            invokeInSession(request, response, manager);
        }
        crawlers.remember(crawler, request);
        limit.answer(request, response, manager);
    }

    private void invokeInSession(final Request request, final Response response, final SessionManager manager)
        throws IOException, ServletException {
        final SessionGuard guard = guards.of(request.getRequestedSessionId());
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
    private void copy(
        final Request request, final SessionManager manager, final SessionGuard guard, final long copiesBefore) {
        final boolean isProcessed = request.getNote(RequestTrackingHostValve.REQUEST_PROCESS) == Boolean.TRUE;
        // A session that this request has made has no other requests: MSM copies it.
        final boolean isNew = request.getNote(MemcachedSessionService.NEW_SESSION_ID) != null;
        if (!isProcessed || isNew) {
            return;
        }
        clockJumps.follow(manager);
        synchronized (guard.copying()) {
            final String id = manager.currentId(request.getRequestedSessionId());
            // Another request's copy resets MSM's record of changes, also of those that this request has made since.
            final boolean isForced = guard.copies() != copiesBefore
                || request.getNote(RequestTrackingHostValve.SESSION_ID_CHANGED) == Boolean.TRUE
                || manager.isTakenForUntouched(id);
            manager.service().backupSession(id, isForced, "copy");
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

    /** Empty where the context has another session manager, or it does not work yet. */
    private Optional<SessionManager> manager() {
        final Optional<SessionManager> manager =
            SessionManager.of((Context) getContainer()).filter(each -> each.tomcats().getState().isAvailable());
        manager.ifPresent(each -> each.limit(maxKiB, maxSessions, clock));
        return manager;
    }

    /** Stands in the host, whose background work comes before that of the context: there Tomcat ends expired sessions. */
    private final class BeforeExpiry extends ValveBase {
        private BeforeExpiry() {
            super(true);
        }

        @Override
        public void backgroundProcess() {
            manager().ifPresent(clockJumps::follow);
        }

        @Override
        public void invoke(final Request request, final Response response) throws IOException, ServletException {
            getNext().invoke(request, response);
        }
    }
}
